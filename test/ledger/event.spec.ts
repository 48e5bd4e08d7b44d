import fc from 'fast-check';
import { canonicalize } from '../../src/ledger/canonical.js';
import { draftEvent, readEvent, stampEvent, type Envelope } from '../../src/ledger/event.js';

const ENVELOPE: Omit<Envelope, 'recordedAt'> = {
  v: 1,
  id: '00000000-0000-8000-8000-000000000001',
  stream: 'partner-1',
  revision: 0,
  type: 'partner-registered',
  schema: 1,
  actor: { id: 'programme', role: 'operator' },
  commandId: '00000000-0000-8000-8000-000000000002',
  correlationId: 'request',
  data: { legalName: 'Ærø ApS' },
};
const STAMP = '2026-11-24T05:38:00.250Z';

describe('an event', () => {
  it('is stamped into the same bytes that canonical JSON prints', () => {
    const optional = {
      effectiveAt: '2026-01-01T00:00:00Z',
      causationId: 'cause',
      legalBasis: '2021/1173 Art. 12b(5)',
      sealed: { subject: '00000000-0000-8000-8000-000000000003', commitment: 'AAAA' },
    };
    for (const envelope of [ENVELOPE, { ...ENVELOPE, ...optional }]) {
      for (const recordedAt of [STAMP, '2026-11-24T05:38:00Z']) {
        expect(stampEvent(draftEvent(envelope), recordedAt)).toBe(canonicalize({ ...envelope, recordedAt }));
      }
    }
  });

  it('is stamped at the right place in the text, whatever its data contain', () => {
    const mark = JSON.stringify('\u0000');
    const awkward = [
      { recordedAt: '\u0000' },
      { text: `"recordedAt":${mark}` },
      { zz: { recordedAt: '\u0000' }, [`"recordedAt":${mark}`]: 1 },
      { text: '\u0000' },
    ];
    for (const data of awkward) {
      for (const correlationId of ['request', `"recordedAt":${mark}`]) {
        const envelope = { ...ENVELOPE, data, correlationId };
        expect(stampEvent(draftEvent(envelope), STAMP)).toBe(canonicalize({ ...envelope, recordedAt: STAMP }));
      }
    }
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (data) => {
        const expected = canonicalize({ ...ENVELOPE, data, recordedAt: STAMP });
        expect(stampEvent(draftEvent({ ...ENVELOPE, data }), STAMP)).toBe(expected);
      }),
    );
  });

  it('knows its length in bytes before it is stamped', () => {
    expect(draftEvent(ENVELOPE).bytes).toBe(Buffer.byteLength(stampEvent(draftEvent(ENVELOPE), STAMP)));
  });

  it('is read back with its position', () => {
    const envelope = stampEvent(draftEvent(ENVELOPE), STAMP);
    expect(readEvent({ position: 7, envelope })).toEqual({ ...ENVELOPE, recordedAt: STAMP, position: 7 });
  });

  it('with an unknown version of its envelope stops the reader', () => {
    const envelope = canonicalize({ ...ENVELOPE, v: 2, recordedAt: STAMP });
    expect(() => readEvent({ position: 7, envelope })).toThrow('Position 7 holds an envelope of unknown version 2.');
  });
});
