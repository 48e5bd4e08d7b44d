import { toCsv } from '../../src/http/csv.js';

const linesOf = (rows: readonly object[]): string[] => toCsv(rows).split('\n');

describe('a table as CSV', () => {
  it('has a column for every field of any row, not only of the first row', () => {
    const rows = [
      { id: 'a' },
      { id: 'b', legalBasis: 'Art. 12b(5)' },
      { effectiveAt: '2026-03-01T00:00:00Z', id: 'c' },
    ];
    expect(linesOf(rows)).toEqual([
      'id,legalBasis,effectiveAt',
      'a,,',
      'b,Art. 12b(5),',
      'c,,2026-03-01T00:00:00Z',
      '',
    ]);
  });

  it('writes false differently from a missing value', () => {
    expect(linesOf([{ yes: true, no: false, none: null }])).toEqual(['yes,no,none', 'true,false,', '']);
  });

  it('writes lists and objects as JSON, and escapes formulas', () => {
    expect(linesOf([{ list: [1, 'a'], formula: '=1+1' }])).toEqual(['list,formula', `"[1,""a""]",'=1+1`, '']);
  });
});
