import { readArguments, type OptionValues } from './arguments.js';
import { readingProgress, withLog } from './audit-source-call.js';
import type { Streams } from './command.js';
import { EXIT_DONE } from './exit-codes.js';
import { shownOn, visible } from './visible-text.js';
import { AGGREGATES } from '../aggregates.js';
import { UsageError } from '../audit/audit-finding.js';
import { readTrust, TRUST_OPTIONS } from '../audit/audit-trust.js';
import { drawSample, SAMPLE_SIZE_MAX, type SampleRequest } from '../audit/sample.js';
import { sampleCsv, sampleJson, sampleText } from '../audit/sample-file.js';
import { SAMPLE_TABLES, summedFieldsOf } from '../audit/sample-tables.js';
import { minorDigitsOf } from '../domain/currencies.js';
import { spanOf } from '../domain/points-in-time.js';
import { dateOf } from '../ledger/time.js';

const FORMATS = { csv: sampleCsv, json: sampleJson } as const;
const OPTIONS = {
  ...TRUST_OPTIONS,
  table: { type: 'string' },
  by: { type: 'string' },
  size: { type: 'string' },
  seed: { type: 'string' },
  currency: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  at: { type: 'string' },
  format: { type: 'string' },
} as const;

/** `ppp-ledger audit sample SOURCE`. */
export async function runSample(args: readonly string[], streams: Streams): Promise<number> {
  const { values, positionals } = readArguments(args, OPTIONS, ['one SOURCE']);
  const [name = ''] = positionals;
  const request = requestOf(values);
  const { format = 'csv' } = values;
  if (format !== 'csv' && format !== 'json') throw new UsageError(`--format is csv or json, not "${format}".`);
  return withLog(name, await readTrust(values), streams, async (log) => {
    const sample = await drawSample(log, request, AGGREGATES, readingProgress(streams));
    streams.out.write(shownOn(streams.out, FORMATS[format](sample)));
    streams.err.write(visible(sampleText(sample)));
    return EXIT_DONE;
  });
}

/** @throws UsageError whose message names the wrong option */
function requestOf(values: OptionValues<typeof OPTIONS>): SampleRequest {
  const { size = '', seed = '', currency, from, to, at } = values;
  const table = SAMPLE_TABLES.find((known) => known === values.table);
  if (table === undefined) throw new UsageError(`--table is one of ${SAMPLE_TABLES.join(', ')}.`);
  const fields = summedFieldsOf(table);
  const by = values.by ?? fields[0];
  if (by === undefined || !fields.includes(by)) throw new UsageError(`--by is ${fields.join(' or ')} for ${table}.`);
  if (!/^[1-9][0-9]{0,4}$/.test(size) || Number(size) > SAMPLE_SIZE_MAX) {
    throw new UsageError(`--size is a number from 1 to ${SAMPLE_SIZE_MAX}.`);
  }
  if (seed === '') throw new UsageError('Give --seed: any text that nobody could know before.');
  if (currency !== undefined && minorDigitsOf(currency) === undefined) {
    throw new UsageError(`--currency is an ISO 4217 code such as EUR, not "${currency}".`);
  }
  const [first, last] = [dayOf('--from', from, 'first'), dayOf('--to', to, 'last')];
  if (first !== undefined && last !== undefined && first > last) {
    throw new UsageError(`--from ${from} is after --to ${to}.`);
  }
  if (at !== undefined && !/^[1-9][0-9]{0,14}$/.test(at))
    throw new UsageError(`--at is a position, from 1, not "${at}".`);
  const events = at === undefined ? undefined : Number(at);
  return { table, by, size: Number(size), seed, currency, from: first, to: last, events };
}

/** The first or the last day of a date or a month. */
function dayOf(option: string, text: string | undefined, end: 'first' | 'last'): string | undefined {
  if (text === undefined) return undefined;
  const span = text.length <= 'YYYY-MM-DD'.length ? spanOf(text) : undefined;
  if (span === undefined) throw new UsageError(`${option} is a date or a month such as 2026-03-31, not "${text}".`);
  return dateOf(span[end]);
}
