import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Partitions } from '../../../src/audit/rules/partitions.js';

type Row = readonly [key: string, number: number, text: string];

describe('rows set aside for a check', () => {
  it('come back complete and in order, with all rows of one key in one partition, for any number of rows', () => {
    const partitions = new Partitions<Row>();
    const rows = 50_000;
    const keys = 1_000;
    // Long enough to be written to the file many times over, and not only ASCII.
    const text = 'Größe "1"\n\u{1f600}'.repeat(20);
    for (let number = 0; number < rows; number += 1) {
      const key = `stream-${number % keys}`;
      partitions.add(key, [key, number, text]);
    }
    const last = new Map<string, number>();
    const wrong: Row[] = [];
    let seen = 0;
    for (const partition of partitions) {
      const elsewhere = new Set(last.keys());
      for (const row of partition) {
        const [key, number, found] = row;
        if (found !== text || number <= (last.get(key) ?? -1) || elsewhere.has(key)) wrong.push(row);
        last.set(key, number);
        seen += 1;
      }
    }
    partitions.close();
    expect({ wrong, seen, keys: last.size }).toEqual({ wrong: [], seen: rows, keys });
  });

  it('can be iterated more than once', () => {
    const partitions = new Partitions<Row>();
    for (let number = 0; number < 5_000; number += 1) partitions.add('one', ['one', number, 'x'.repeat(100)]);
    const [partition = []] = partitions;
    const numbers = (): number[] => Array.from(partition, ([, number]) => number);
    expect(numbers()).toEqual(numbers());
    expect(numbers()).toHaveLength(5_000);
    partitions.close();
  });

  it('hold rows of any length', () => {
    const partitions = new Partitions<Row>();
    for (const length of [0, 10_000, 100_000, 3]) partitions.add('one', ['one', length, 'é'.repeat(length)]);
    const lengths = [...partitions].flatMap((rows) => Array.from(rows, ([, , text]) => text.length));
    expect(lengths).toEqual([0, 10_000, 100_000, 3]);
    partitions.close();
  });

  it('hold every JSON value, and undefined', () => {
    const partitions = new Partitions<readonly unknown[]>();
    const long = { a: ['日本', null, { toString: 1 }], b: 'x'.repeat(300) };
    const row = [
      '',
      'é',
      '日本',
      'x'.repeat(250),
      'y'.repeat(251),
      0,
      -1.5,
      2 ** 53 - 1,
      undefined,
      null,
      true,
      [],
      long,
    ];
    for (let number = 0; number < 500; number += 1) partitions.add('one', row);
    const [rows = []] = partitions;
    expect(Array.from(rows)).toEqual(Array.from({ length: 500 }, () => row));
    partitions.close();
  });

  it('leave no file in the folder, not even while they are open', () => {
    const { TMPDIR } = process.env;
    const folder = mkdtempSync(join(tmpdir(), 'ppp-ledger-partitions-'));
    process.env['TMPDIR'] = folder;
    try {
      const partitions = new Partitions<Row>();
      for (let number = 0; number < 10_000; number += 1) partitions.add('one', ['one', number, 'x'.repeat(100)]);
      expect(readdirSync(folder)).toEqual([]);
      partitions.close();
    } finally {
      if (TMPDIR === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = TMPDIR;
      rmdirSync(folder);
    }
  });
});
