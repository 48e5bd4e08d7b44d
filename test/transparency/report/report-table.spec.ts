import { METHODS } from '../../../src/transparency/methods.js';
import { REPORT_KINDS } from '../../../src/transparency/events/publication.js';
import { toCsv as csvOf } from '../../../src/http/answer/csv.js';
import { columnsOf } from '../../../src/transparency/dictionary/dictionary.js';
import type { CsvRow } from '../../../src/transparency/report-method.js';
import { tableOf, type Table } from '../../../src/transparency/report/report-table.js';
import { eventsOf, foldTo, readHistory, rootAt } from '../frozen-method.js';

const METHOD = METHODS.current;
const VERSION = METHOD.version;

const toCsv = ({ data, columns }: Table): string => csvOf(data, 'comma', columns);

describe('the table of a report', () => {
  it.each(REPORT_KINDS)('on %s is the same from the bytes of the report as from the state', async (kind) => {
    const entries = await readHistory(VERSION);
    for (const position of [0, 1, 200, entries.length]) {
      const state = foldTo(METHOD, eventsOf(entries), position);
      const root = rootAt(entries, position);
      const made = toCsv(tableOf(kind, METHOD.rows(state, root, { kind })));
      const published = METHOD.rowsOfText(METHOD.text(state, root, { kind }), kind);
      expect(toCsv(tableOf(kind, published))).toBe(made);
      expect(made.split('\n', 1)).toEqual([columnsOf(kind).join(',')]);
    }
  });

  it('on capital leaves out places where nothing was ever pledged, and no money', async () => {
    const entries = await readHistory(VERSION);
    const state = foldTo(METHOD, eventsOf(entries), entries.length);
    const all = METHOD.rows(state, new Uint8Array(32), { kind: 'capital' });
    const table = tableOf('capital', all).data;
    const sum = (rows: readonly CsvRow[]): bigint =>
      rows.reduce((total, { pledgedMinor }) => total + BigInt(String(pledgedMinor)), 0n);
    expect(table.length).toBeLessThan(all.length);
    expect(sum(table)).toBe(sum(all));
    expect(table.every(({ pledges }) => Number(pledges) > 0)).toBe(true);
  });

  it.each([
    [null, ['false', 'false', 'true']],
    ['2026-05-31T23:59:59.999Z', ['false', 'true', 'true']],
  ])('on capacity marks the months after that of the report, as of %s', (effectiveAt, planned) => {
    const months = ['2026-05', '2026-06', '2026-07'];
    const rows = months.map((month) => ({ month, asOf: '2026-06-30T23:59:59Z', effectiveAt }));
    expect(tableOf('capacity', rows).data.map((row) => String(row['planned']))).toEqual(planned);
  });
});

describe('a report that counts nothing', () => {
  it.each(REPORT_KINDS)('on %s is told from one with figures', async (kind) => {
    const entries = await readHistory(VERSION);
    const events = eventsOf(entries);
    const has = {
      'equal-access': 'access-request-submitted',
      capital: 'commitment-pledged',
      capacity: 'capacity-installed',
    };
    const first = events.findIndex(({ type }) => type === has[kind]);
    expect(METHOD.isEmpty(foldTo(METHOD, events, first), { kind })).toBe(true);
    expect(METHOD.isEmpty(foldTo(METHOD, events, first + 1), { kind })).toBe(false);
    const elsewhere = { kind, facilityId: '00000000-0000-4000-8000-000000000000' } as const;
    if (kind !== 'capital')
      expect(METHOD.isEmpty(foldTo(METHOD, events, events.length), elsewhere as never)).toBe(true);
  });
});
