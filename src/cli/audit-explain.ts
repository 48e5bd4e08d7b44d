import { readArguments, type OptionValues } from './arguments.js';
import { readingProgress, withLog } from './audit-source-call.js';
import { explanationText } from './audit-text.js';
import type { Streams } from './command.js';
import { EXIT_DONE } from './exit-codes.js';
import { AGGREGATES } from '../aggregates.js';
import { explain, type AnyAggregate, type ExplainTarget } from '../audit/audit-explain.js';
import { UsageError } from '../audit/audit-finding.js';
import { readTrust, TRUST_OPTIONS } from '../audit/audit-trust.js';

const OPTIONS = {
  ...TRUST_OPTIONS,
  position: { type: 'string' },
  event: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** `ppp-ledger audit explain SOURCE`. */
export async function runExplain(args: readonly string[], streams: Streams): Promise<number> {
  const { values, positionals } = readArguments(args, OPTIONS, ['one SOURCE']);
  const [name = ''] = positionals;
  const target = targetOf(values);
  return withLog(name, await readTrust(values), streams, async (log) => {
    const aggregates = AGGREGATES as unknown as readonly AnyAggregate[];
    const explanation = await explain(log, target, aggregates, readingProgress(streams));
    streams.out.write(explanationText(explanation, values.json === true));
    return EXIT_DONE;
  });
}

function targetOf({ position, event }: OptionValues<typeof OPTIONS>): ExplainTarget {
  if (position !== undefined && event === undefined && /^[1-9][0-9]{0,14}$/.test(position)) {
    return { position: Number(position) };
  }
  if (event !== undefined && position === undefined && /^[0-9a-f-]{36}$/.test(event)) return { eventId: event };
  throw new UsageError('Give either --position with a number from 1, or --event with the id of an event.');
}
