import {
  accessCall,
  openCall,
  takesRequestsAt,
  type CallFacility,
  type OpenCallInput,
} from '../../src/access/access-call.js';
import { given } from '../support/given.js';

const FACTORY: CallFacility = { kind: 'ai-factory', hostStateCommitted: false };
const GIGAFACTORY: CallFacility = { kind: 'ai-gigafactory', hostStatePartnerId: 'state', hostStateCommitted: true };

const input: OpenCallInput = {
  facilityId: 'facility',
  mode: 'fast-lane',
  title: 'Fast lane',
  opensAt: '2026-03-01',
  closesAt: '2026-06-01T00:00:00.000Z',
  chipHours: 2_000_000,
};
const data = { ...input, opensAt: '2026-03-01T00:00:00Z', closesAt: '2026-06-01T00:00:00Z' };

describe('opening a call', () => {
  const absent = given(accessCall);

  test('records the call with its instants in canonical form', () => {
    absent.when(() => openCall(FACTORY, input)).then([{ type: 'access-call-opened', data }]);
  });

  test('names the clause if an AI gigafactory has the commitment of its hosting state', () => {
    const legalBasis = '2021/1173 Art. 12b(4)';
    absent.when(() => openCall(GIGAFACTORY, input)).then([{ type: 'access-call-opened', data, legalBasis }]);
  });

  test('is refused for an AI gigafactory if its hosting state has signed no commitment', () => {
    absent
      .when(() => openCall({ ...GIGAFACTORY, hostStateCommitted: false }, input))
      .refuses('host-state-not-committed', { clause: '2021/1173 Art. 12b(4)', hostStatePartnerId: 'state' });
  });

  test('is refused for an AI gigafactory without a recorded hosting state', () => {
    absent
      .when(() => openCall({ kind: 'ai-gigafactory', hostStateCommitted: false }, input))
      .refuses('host-state-unknown', { clause: '2021/1173 Art. 12b(4)' });
  });

  test('is refused if the call would close at its opening, and accepted if it closes one second later', () => {
    const closesAt = '2026-03-01T00:00:01Z';
    absent.when(() => openCall(FACTORY, { ...input, closesAt: input.opensAt })).refuses('call-dates-out-of-order');
    absent
      .when(() => openCall(FACTORY, { ...input, closesAt }))
      .then([{ type: 'access-call-opened', data: { ...data, closesAt } }]);
  });
});

test('an access call accepts requests from its first instant until just before its last', () => {
  const { state } = given(accessCall, [{ type: 'access-call-opened', data }]);
  if (state.status === 'absent') throw new Error('The call should be open.');
  expect(takesRequestsAt(state, '2026-02-28T23:59:59.999Z')).toBe(false);
  expect(takesRequestsAt(state, '2026-03-01T00:00:00Z')).toBe(true);
  expect(takesRequestsAt(state, '2026-05-31T23:59:59.999Z')).toBe(true);
  expect(takesRequestsAt(state, '2026-06-01T00:00:00Z')).toBe(false);
});
