import {
  accessCall,
  grantedWith,
  openCall,
  returnHours,
  takesRequestsAt,
  type CallFacility,
  type OpenedCall,
  type OpenCallInput,
} from '../../src/access/access-call.js';
import { given, refusalOf } from '../support/given.js';

const FACTORY: CallFacility = { kind: 'ai-factory', hostStateCommittedBy: () => false };
const GIGAFACTORY: CallFacility = {
  kind: 'ai-gigafactory',
  hostStatePartnerId: 'state',
  hostStateCommittedBy: (day) => day >= '2026-03-01',
};

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

  test('names no clause: Art. 12b(4) is about the call that selects a gigafactory', () => {
    absent.when(() => openCall(GIGAFACTORY, input)).then([{ type: 'access-call-opened', data }]);
  });

  test('is possible at an AI gigafactory from the day on by which its hosting state has signed money for it', () => {
    absent
      .when(() => openCall(GIGAFACTORY, { ...input, opensAt: '2026-02-28T23:59:59.999Z' }))
      .refuses('host-state-not-committed', { opensOn: '2026-02-28', hostStatePartnerId: 'state' });
  });

  test('is refused for an AI gigafactory without a recorded hosting state', () => {
    absent
      .when(() => openCall({ kind: 'ai-gigafactory', hostStateCommittedBy: () => false }, input))
      .refuses('host-state-unknown', { facilityId: 'facility' });
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

describe('the budget of a call', () => {
  const call = (grantedChipHours: number): OpenedCall => ({
    ...{ status: 'opened', facilityId: 'facility', mode: 'regular', chipHours: 1_000, grantedChipHours },
    ...{ opensAt: '2026-03-01T00:00:00Z', closesAt: '2026-06-01T00:00:00Z' },
  });

  test('takes grants up to the last chip-hour, and not one more', () => {
    expect(grantedWith(call(0), 'call', 1_000)).toBe(1_000);
    expect(grantedWith(call(600), 'call', 400)).toBe(1_000);
    const refusal = refusalOf(() => grantedWith(call(600), 'call', 401));
    expect([refusal.code, refusal.facts]).toEqual([
      'call-budget-exceeded',
      { callId: 'call', chipHours: 401, offered: 1_000, granted: 600, left: 400 },
    ]);
  });

  test('gets back what a revoked grant has not allocated; a begun chip-hour is used up', () => {
    const returned = (allocatedChipMs: bigint) => returnHours(call(600), 'request', 400, allocatedChipMs);
    const event = (chipHours: number, grantedChipHours: number) => ({
      type: 'call-hours-returned',
      data: { requestId: 'request', chipHours, grantedChipHours },
    });
    expect(returned(0n)).toEqual([event(400, 200)]);
    expect(returned(3_600_000n)).toEqual([event(399, 201)]);
    expect(returned(3_600_001n)).toEqual([event(398, 202)]);
    expect(returned(400n * 3_600_000n)).toEqual([]);
  });
});
