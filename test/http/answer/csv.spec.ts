import fc from 'fast-check';
import { parse } from 'csv-parse/sync';
import { CSV_DIALECTS, toCsv } from '../../../src/http/answer/csv.js';

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

  it('begins with the known columns, and has a header without a row', () => {
    expect(toCsv([], 'comma', ['a', 'b'])).toBe('a,b\n');
    expect(toCsv([{ c: 1, a: 2 }], 'comma', ['a', 'b'])).toBe('a,b,c\n2,,1\n');
  });

  it('writes false differently from a missing value', () => {
    expect(linesOf([{ yes: true, no: false, none: null }])).toEqual(['yes,no,none', 'true,false,', '']);
  });

  it('writes lists and objects as JSON, and escapes formulas', () => {
    expect(linesOf([{ list: [1, 'a'], formula: '=1+1' }])).toEqual(['list,formula', `"[1,""a""]",'=1+1`, '']);
  });

  it('leaves negative numbers and amounts as they are, so that they add up', () => {
    expect(linesOf([{ gap: -0.05, deltaMinor: '-500', text: '-5 chips' }])).toEqual([
      'gap,deltaMinor,text',
      `-0.05,-500,'-5 chips`,
      '',
    ]);
  });

  it('has a form with a byte order mark, and one with semicolons and decimal commas', () => {
    const rows = [{ name: 'Ørsted; Łódź', share: 0.080319, gap: -0.5, whole: 12, amountMinor: '1250' }];
    expect(toCsv(rows, 'comma-bom')).toBe(`\uFEFF${toCsv(rows)}`);
    expect(toCsv(rows, 'semicolon-bom')).toBe(
      '\uFEFFname;share;gap;whole;amountMinor\n"Ørsted; Łódź";0,080319;-0,5;12;1250\n',
    );
  });
});

/** How spreadsheets split a line when they expect a delimiter: quotes count only at the begin of a cell. */
function cellsOf(text: string, delimiter: string): string[] {
  const cells: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === '"') {
      let end = at + 1;
      while (end < text.length && (text[end] !== '"' || text[end + 1] === '"')) end += text[end] === '"' ? 2 : 1;
      cells.push(text.slice(at + 1, end).replaceAll('""', '"'));
      at = end + 1;
    } else cells.push('');
    while (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') {
      cells.push(`${cells.pop() ?? ''}${text[at]}`);
      at += 1;
    }
    at += 1;
  }
  return cells;
}

describe('a text in a CSV', () => {
  const isFormula = (cell: string): boolean => /^\s*[=+\-@＝＋－＠]/.test(cell) && !/^-?\d+(\.\d+)?$/.test(cell);
  const HOSTILE = [
    '=1+1',
    ';=1+1;',
    ';=HYPERLINK(KA1);',
    'x\t=1+1\ty',
    'x|=1+1',
    'first line\n=1+1',
    'x; =1+1',
    'x;"=1+1"',
    '";=1+1;"',
    'x,=1+1',
    '＝1+1',
    ' =1+1',
    '"=1+1',
    "x;'=1+1",
  ];

  it.each(HOSTILE)('begins no formula in a spreadsheet with any delimiter: %j', (text) => {
    for (const dialect of CSV_DIALECTS) {
      const csv = toCsv([{ before: 'a', text, after: 'b' }], dialect).replace('\uFEFF', '');
      for (const delimiter of [',', ';', '\t', '|']) {
        expect([dialect, delimiter, cellsOf(csv, delimiter).filter(isFormula)]).toEqual([dialect, delimiter, []]);
      }
    }
  });

  it('begins no formula, whatever it is made of', () => {
    const piece = fc.constantFrom('=', '+', '-', '@', ';', ',', '\t', '|', '\n', '"', "'", ' ', 'a', '1', '＝');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.constantFrom(...CSV_DIALECTS), (pieces, dialect) => {
        const csv = toCsv([{ before: 'a', text: pieces.join(''), after: 'b' }], dialect).replace('\uFEFF', '');
        for (const delimiter of [',', ';', '\t', '|']) expect(cellsOf(csv, delimiter).filter(isFormula)).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is read back as it was by a program, where it holds nothing like a formula', () => {
    const safe = fc.string({ unit: fc.constantFrom('a', 'Ł', ' ', ';', ',', '"', "'", '1', '.', '\n'), maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(safe, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...CSV_DIALECTS),
        (texts, dialect) => {
          const rows = texts.map((text, index) => ({ index: String(index), text }));
          const delimiter = dialect === 'semicolon-bom' ? ';' : ',';
          expect(parse(toCsv(rows, dialect), { columns: true, bom: true, delimiter })).toEqual(rows);
        },
      ),
    );
  });
});
