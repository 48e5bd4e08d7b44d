import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { RECORD_LENGTH_MAX, csvRecords, type CsvRecord } from '../../src/import/csv.js';

async function* inChunks(text: string, length: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}
async function recordsOf(text: string, delimiter = ',', chunkLength = 65_536): Promise<CsvRecord[]> {
  const records: CsvRecord[] = [];
  for await (const record of csvRecords(inChunks(text, chunkLength), delimiter)) records.push(record);
  return records;
}
const linesAndFaults = async (text: string): Promise<unknown[]> =>
  (await recordsOf(text)).map(({ line, cells, fault }) => [line, fault?.split('.')[0] ?? cells.join('|')]);

const STRAY = 'A quote stands inside a cell that does not begin with one';
const EARLY = 'Text follows the quote that ends the cell';
const NEVER = 'The quote at the beginning of the cell is never closed, so that nothing after it can be read';

describe('the reader of CSV', () => {
  it.each([
    ['\n', 'LF'],
    ['\r\n', 'CRLF, as Excel on Windows'],
    ['\r', 'CR alone, as Excel for Mac in its old format'],
  ])('reads records and their lines with the line end %j (%s)', async (end) => {
    const text = ['a,b', '"two', 'lines",c', '', 'd,"e""f"'].join(end);
    for (const chunkLength of [1, 2, 3, 65_536]) {
      expect(await recordsOf(text, ',', chunkLength)).toEqual([
        { line: 1, cells: ['a', 'b'] },
        { line: 2, cells: ['two\nlines', 'c'] },
        { line: 4, cells: [''] },
        { line: 5, cells: ['d', 'e"f'] },
      ]);
    }
  });

  it('leaves out white space around cells and quotes, and keeps delimiters and quotes inside quotes', async () => {
    expect(await recordsOf(' a ; "b;c" ;" ""d"" ";\u00a0e\u00a0', ';')).toEqual([
      { line: 1, cells: ['a', 'b;c', '"d"', 'e'] },
    ]);
    expect(await recordsOf('a\t"b\tc"\t\n', '\t')).toEqual([{ line: 1, cells: ['a', 'b\tc', ''] }]);
  });

  it('reports a quote inside a cell once, at its line, and reads the rows after it', async () => {
    expect(await linesAndFaults('a,b\n1,5" disk 3" wide,c\n2,d\n')).toEqual([
      [1, 'a|b'],
      [2, STRAY],
      [3, '2|d'],
    ]);
    expect((await recordsOf('a,b\n1,5" disk,c'))[1]?.cells).toEqual(['1', '5']);
  });

  it('reports text after the end of a quoted cell at the line of its quote', async () => {
    expect(await linesAndFaults('a,b\n1,"x" y\n2,"not\nclosed\n3,"z"\n4,d')).toEqual([
      [1, 'a|b'],
      [2, EARLY],
      [3, EARLY],
      [6, '4|d'],
    ]);
    expect(await linesAndFaults('1,"x" "y"\n2,d')).toEqual([
      [1, EARLY],
      [2, '2|d'],
    ]);
  });

  it('reports a quote that is never closed once, at its own line', async () => {
    expect(await linesAndFaults('a,b\n1,"two\nlines","open\n2,c\n3,d\n')).toEqual([
      [1, 'a|b'],
      [3, NEVER],
    ]);
  });

  it('stops at a quote that is never closed when a record has its greatest length', async () => {
    const rest = '2,c\n'.repeat(RECORD_LENGTH_MAX / 2);
    expect(await linesAndFaults(`a,b\n1,"open\n${rest}`)).toEqual([
      [1, 'a|b'],
      [2, NEVER],
    ]);
  });

  it('accepts a record of the greatest length, and refuses a longer one', async () => {
    const longest = 'x'.repeat(RECORD_LENGTH_MAX - 2);
    expect((await recordsOf(`1,${longest}\n2,c`)).map(({ fault }) => fault)).toEqual([undefined, undefined]);
    expect((await recordsOf(`1,${longest}x\n2,c`)).map(({ fault }) => fault)).toEqual([
      expect.stringContaining('longer than'),
      undefined,
    ]);
  });

  it('reads what csv-stringify writes, whatever the cells, the delimiter, the line end and the chunks are', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', ';', '\t', '\n', ' ', '😀'), maxLength: 6 });
    const record = fc.array(cell, { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(',', ';', '\t', '|'),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.boolean(),
        fc.integer({ min: 1, max: 20 }),
        async (records, delimiter, end, quoted, chunkLength) => {
          // A cell with white space at its ends is written in quotes or not; the reader leaves the white space out.
          const text = stringify(records, { delimiter, record_delimiter: end, quoted, quoted_match: /[\n\r]/ });
          let line = 1;
          const expected = records.map((cells) => {
            const first = line;
            line += 1 + cells.join('').split('\n').length - 1;
            return { line: first, cells: cells.map((each) => each.trim()) };
          });
          expect(await recordsOf(text, delimiter, chunkLength)).toEqual(expected);
        },
      ),
    );
  });
});
