import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Draw } from '../../src/audit/sample.js';
import type { SampleItem } from '../../src/audit/sample-tables.js';
import { ppp } from '../support/command-line.js';
import { EnvelopeWriter, LOG_VKEY, signedLog, writeLog, type WrittenEvent } from './written-log.js';
import { termsOf } from './written-programme.js';

const SEED = Number(process.env['PROPERTY_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

function hitsOf(values: readonly bigint[], size: number, start: bigint): readonly number[] {
  const draw = new Draw(totalOf(values), size, start);
  return values.map((value) => draw.next(itemOf(value)).hits);
}
const totalOf = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n);
const itemOf = (value: bigint): SampleItem => ({
  position: 1,
  eventId: 'e',
  stream: 's',
  record: 1,
  partnerId: 'p',
  on: '2026-03-30',
  value,
  unit: 'EUR',
});

describe(`a monetary unit sample (PROPERTY_SEED=${SEED})`, () => {
  const values = fc
    .array(fc.bigInt({ min: 0n, max: 40n }), { minLength: 1, maxLength: 12 })
    .filter((all) => totalOf(all) > 0n);
  const size = fc.integer({ min: 1, max: 30 });

  it('draws each unit equally often, when every start is counted once', () => {
    fc.assert(
      fc.property(values, size, (all, count) => {
        const hits = all.map(() => 0n);
        for (let start = 0n; start < totalOf(all); start += 1n) {
          hitsOf(all, count, start).forEach((hit, at) => (hits[at] = (hits[at] ?? 0n) + BigInt(hit)));
        }
        expect(hits).toEqual(all.map((value) => value * BigInt(count)));
      }),
      { seed: SEED },
    );
  });

  it('draws as many units as were asked for; what reaches the interval is always drawn, and nothing twice below it', () => {
    fc.assert(
      fc.property(values, size, fc.bigInt({ min: 0n, max: 10_000n }), (all, count, seed) => {
        const total = totalOf(all);
        const hits = hitsOf(all, count, seed % total);
        expect(hits.reduce((sum, hit) => sum + hit, 0)).toBe(count);
        for (const [at, value] of all.entries()) {
          const hit = hits[at] ?? 0;
          if (value * BigInt(count) >= total) expect(hit).toBeGreaterThanOrEqual(1);
          else expect(hit).toBeLessThanOrEqual(1);
          if (value === 0n) expect(hit).toBe(0);
        }
      }),
      { seed: SEED },
    );
  });
});

describe('ppp-ledger audit sample', () => {
  let folder: string;
  const [EUR, NOK] = [termsOf('state', 'member-state'), { ...termsOf('other', 'private'), currency: 'NOK' }];
  const paid = (id: string, terms: object, amountMinor: string, paidOn: string): WrittenEvent => ({
    stream: `commitment-${id}`,
    type: 'capital-call-paid',
    data: { ...terms, callId: 'c', amountMinor, paidOn },
  });
  const AMOUNTS = ['700000', '12', '45000', '0', '88000', '1500', '999', '230000'];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-sample-'));
    const writer = new EnvelopeWriter();
    const entries = AMOUNTS.flatMap((amount, at) => writer.command(paid(`c${at}`, EUR, amount, `2026-03-0${at + 1}`)));
    await writeLog(signedLog([...entries, ...writer.command(paid('n', NOK, '5', '2026-04-01'))]), folder);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const sample = (...options: readonly string[]) =>
    ppp('audit', 'sample', folder, '--vkey', LOG_VKEY, '--table', 'payments', ...options);
  const drawn = async (...options: readonly string[]) => {
    const { code, out, err } = await sample('--currency', 'EUR', '--format', 'json', ...options);
    expect([code, err.includes('came with the log itself')]).toEqual([0, false]);
    return JSON.parse(out) as {
      readonly seedText: string;
      readonly start: string;
      readonly root: string;
      readonly population: { readonly items: number; readonly withoutValue: number; readonly total: string };
      readonly items: readonly { readonly position: number; readonly value: string; readonly hits: number }[];
    };
  };

  it('draws what another program draws from the seed, the root and the amounts', async () => {
    const sampled = await drawn('--size', '4', '--seed', 'working paper 12');
    const total = AMOUNTS.reduce((sum, amount) => sum + Number(amount), 0);
    expect(sampled.population).toMatchObject({ items: 8, withoutValue: 1, total: String(total) });
    expect(JSON.parse(sampled.seedText)).toMatchObject({ seed: 'working paper 12', root: sampled.root, size: 4 });
    // The same with one array element a unit of money.
    const units = AMOUNTS.flatMap((amount, at) => Array.from({ length: Number(amount) }, () => at + 1));
    const digest = createHash('sha256').update(sampled.seedText).digest('hex');
    const start = BigInt(`0x${digest}`) % BigInt(total);
    expect(sampled.start).toBe(String(start));
    const hits = new Map<number, number>();
    for (let k = 0n; k < 4n; k += 1n) {
      const position = units[Number((start + k * BigInt(total)) / 4n)] ?? 0;
      hits.set(position, (hits.get(position) ?? 0) + 1);
    }
    expect(sampled.items.map(({ position, hits: of }) => [position, of])).toEqual([...hits]);
    expect(sampled.items[0]).toMatchObject({ position: 1, value: '700000' });
  });

  it('draws the same again by the same seed, and other starts by another seed or another history', async () => {
    const first = await sample('--currency', 'EUR', '--size', '3', '--seed', 'a');
    expect(await sample('--currency', 'EUR', '--size', '3', '--seed', 'a')).toEqual(first);
    const starts = [
      await drawn('--size', '3', '--seed', 'a'),
      await drawn('--size', '3', '--seed', 'b'),
      await drawn('--size', '3', '--seed', 'a', '--at', '8'),
    ].map(({ start }) => start);
    expect(new Set(starts).size).toBe(3);
  });

  it('counts only the days that are named, both included, and a month as its days', async () => {
    const inDays = async (...days: readonly string[]) =>
      (await drawn('--size', '1', '--seed', 'a', ...days)).population.items;
    expect(await inDays('--from', '2026-03-02', '--to', '2026-03-07')).toBe(6);
    expect(await inDays('--from', '2026-03-08')).toBe(1);
    expect(await inDays('--from', '2026-03', '--to', '2026-03')).toBe(8);
  });

  it('prints a line for each item as CSV, and what was drawn from what for people', async () => {
    const { code, out, err } = await sample('--currency', 'EUR', '--size', '2', '--seed', 'a');
    expect(code).toBe(0);
    const [header, ...lines] = out.trimEnd().split('\n');
    expect(header).toBe('position,eventId,stream,record,partnerId,on,value,unit,before,hits');
    expect(lines[0]).toMatch(/^1,[0-9a-f-]{36},commitment-c0,1,state,2026-03-01,700000,EUR,0,[12]$/);
    expect(err).toContain('8 items of payments up to position 9, together EUR 10,655.11 by amountMinor.');
    expect(err).toContain('1 of these reach it, and are drawn by every seed.');
    expect(err).toContain('Without a value, and so never drawn: 1.');
  });

  it.each([
    [['--size', '2', '--seed', 'a'], 'The payments are in EUR, NOK: one sample has one unit. Give --currency.'],
    [['--size', '2', '--seed', 'a', '--currency', 'SEK'], 'There are no payments in SEK'],
    [['--size', '2', '--seed', 'a', '--currency', 'eur'], '--currency is an ISO 4217 code'],
    [['--size', '0', '--seed', 'a'], '--size is a number from 1 to 10000.'],
    [['--size', '10001', '--seed', 'a'], '--size is a number from 1 to 10000.'],
    [['--size', '2'], 'Give --seed'],
    [['--size', '2', '--seed', 'a', '--from', '2026-02-30'], '--from is a date or a month'],
    [['--size', '2', '--seed', 'a', '--from', '2026-03-02', '--to', '2026-03-01'], '--from 2026-03-02 is after --to'],
    [['--size', '2', '--seed', 'a', '--by', 'recallableMinor'], '--by is amountMinor for payments.'],
    [['--size', '2', '--seed', 'a', '--at', '0'], '--at is a position, from 1, not "0".'],
    [['--size', '2', '--seed', 'a', '--format', 'xlsx'], '--format is csv or json'],
  ])('refuses %j and says what is wrong', async (options, message) => {
    const { code, out, err } = await sample(...options);
    expect([code, out]).toEqual([64, '']);
    expect(err).toContain(message);
  });

  it('cannot draw beyond the checkpoint, nor from an amount that is none', async () => {
    const beyond = await sample('--currency', 'EUR', '--size', '2', '--seed', 'a', '--at', '10');
    expect(beyond).toMatchObject({ code: 2, out: '', err: expect.stringContaining('covers 9 events, not 10') });
    const broken = await mkdtemp(join(tmpdir(), 'ppp-ledger-sample-'));
    try {
      const writer = new EnvelopeWriter();
      await writeLog(signedLog(writer.command(paid('c', EUR, '-5', '2026-03-01'))), broken);
      const call = ['audit', 'sample', broken, '--vkey', LOG_VKEY, '--table', 'payments', '--size', '1', '--seed', 'a'];
      const { code, out, err } = await ppp(...call);
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain(
        'The amount of the event at position 1 (capital-call-paid) cannot be read: a value is below 0.',
      );
    } finally {
      await rm(broken, { recursive: true });
    }
  });
});
