import { moneyText } from '../domain/money.js';
import { toCsv } from '../http/answer/csv.js';
import { canonicalize } from '../ledger/canonical.js';
import type { DrawnItem, Population, Sample } from './sample.js';

/** The sample as CSV (RFC 4180): one line for each item, in the order of the history. Amounts are in minor units. */
export const sampleCsv = ({ items }: Sample): string => toCsv(items.map(lineOf), 'comma', COLUMNS);

const COLUMNS = ['position', 'eventId', 'stream', 'record', 'partnerId', 'on', 'value', 'unit', 'before', 'hits'];

const lineOf = ({ value, before, ...item }: DrawnItem) => ({ ...item, value: String(value), before: String(before) });

/** The sample with everything that a repetition needs, as canonical JSON (RFC 8785). */
export function sampleJson({ request, position, root, population, seedText, start, items }: Sample): string {
  const { total, ...counts } = population;
  const { table, by, size, seed, from = null, to = null } = request;
  return `${canonicalize({
    table,
    by,
    size,
    seed,
    from,
    to,
    position,
    root,
    population: { ...counts, total: String(total) },
    seedText,
    start: String(start),
    items: items.map(lineOf),
  })}\n`;
}

/** A summary for people: the population, the number of items drawn, their sum, the interval and the root. */
export function sampleText({ request, position, root, population, items }: Sample): string {
  const { table, by, size, seed } = request;
  const { total, withoutValue } = population;
  const drawn = items.reduce((sum, { value }) => sum + value, 0n);
  const certain = items.filter(({ value }) => value * BigInt(size) >= total).length;
  const plain = population.items === 1 ? 'item' : 'items';
  return [
    `${population.items} ${plain} of ${table} up to position ${position}, together ${amountText(total, population)} by ${by}.`,
    `Drawn by the seed "${seed}": ${size} units in ${items.length} of them, together ${amountText(drawn, population)}.`,
    `The interval is ${amountText(total / BigInt(size), population)}; ${certain} of these reach it, and are drawn by every seed.`,
    ...(withoutValue > 0 ? [`Without a value, and so never drawn: ${withoutValue}.`] : []),
    `The root of the history is ${root}: with it, the seed draws the same again.`,
    '',
  ].join('\n');
}

const amountText = (value: bigint, { unit }: Population): string =>
  unit === 'chip-hours' ? `${value} chip-hours` : moneyText(value, unit);
