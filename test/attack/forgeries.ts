import { AGGREGATES } from '../../src/aggregates.js';
import type { AggregateOutline } from '../../src/ledger/aggregate.js';
import type { Envelope } from '../../src/ledger/event.js';
import { SimulatedWorld } from '../support/simulated-world.js';
import { changesOf, declaredFields, examine, isWithoutReason, tableOf, writeFields } from './fields.js';
import { forgeriesOf, isFound, requireVerified, type Forgery } from './forge.js';
import { demoHistory, shortHistory } from './story.js';

/** Part of the 2,000 requests of the demo: enough for every kind of story, and a verification takes half a second. */
const DEMO_SCALE = 0.02;

const print = (text: string): void => void process.stdout.write(text);

/** How to make the list again: only after a look at what has changed in it. */
const WRITE_AGAIN = 'Look at each, and write the list again: npm run test:attack -- --forgeries --write';

/**
 * Forges every field of the short history, prints what is not found, and compares it with the list, or writes the list.
 * @throws Error for a change that is neither found nor listed, and for a listed one that is found by now
 */
export async function forgeShortHistory(isWritten: boolean): Promise<void> {
  const history = await shortHistory();
  await requireVerified(history, 'The short history');
  requireComplete(history);
  const { forgeries, found, fields, notFound } = await examine(history);
  print(
    `${forgeries} forgeries of ${fields} fields: ${found} found, ${forgeries - found} not.\n\n${tableOf(notFound)}\n`,
  );
  if (isWritten) return writeFields(notFound);
  const [declared, now] = [changesOf(declaredFields()), changesOf(notFound)];
  const missed = now.filter((change) => !declared.includes(change));
  const foundByNow = declared.filter((change) => !now.includes(change));
  const lines = [
    ...missed.map((change) => `not found: ${change}`),
    ...foundByNow.map((change) => `found by now: ${change}`),
  ];
  if (lines.length > 0) throw new Error(`fields-without-a-rule.json is not true. ${WRITE_AGAIN}\n${lines.join('\n')}`);
}

/** @throws Error unless the history has every type of event, and every member that one may have */
function requireComplete(history: readonly Envelope[]): void {
  const outlines: readonly AggregateOutline[] = AGGREGATES;
  const seen = new Set(
    history.flatMap(({ type, data }) => [type, ...Object.keys(data).map((name) => `${type} ${name}`)]),
  );
  const wanted = outlines.flatMap(({ events }) =>
    Object.entries(events).flatMap(([type, { data }]) => {
      const { properties = {} } = data as { properties?: object };
      return [type, ...Object.keys(properties).map((name) => `${type} ${name}`)];
    }),
  );
  const missing = wanted.filter((name) => !seen.has(name));
  if (missing.length > 0) throw new Error(`story.ts has no ${missing.join(', no ')}.`);
}

/** Forges fields of the demo's history by chance, for so long. @throws Error for a forgery that is neither found nor declared */
export async function forgeDemo(seed: number, seconds: number): Promise<string> {
  const chance = new SimulatedWorld(seed);
  const history = await demoHistory(DEMO_SCALE);
  await requireVerified(history, 'The history of the demo');
  // Other events of a type may have nothing beside them that contradicts a change: it is enough that its field is declared, or that it
  // has a reason.
  const declared = new Set(Object.keys(declaredFields()));
  // By field, so that fields of rare events are forged as often as others.
  const byField = new Map<string, Forgery[]>();
  for (const forgery of forgeriesOf(history, 5)) {
    byField.set(forgery.field, [...(byField.get(forgery.field) ?? []), forgery]);
  }
  const fields = [...byField.values()];
  const until = performance.now() + seconds * 1_000;
  const missed = new Map<string, number>();
  let [tried, found] = [0, 0];
  while (performance.now() < until) {
    const own = fields[chance.integer(0, fields.length - 1)] ?? [];
    const forgery = own[chance.integer(0, own.length - 1)];
    if (!forgery) continue;
    tried += 1;
    if (await isFound(forgery.history())) found += 1;
    else if (!declared.has(forgery.field) && isWithoutReason(`${forgery.field}: ${forgery.change}`))
      missed.set(`${forgery.field}: ${forgery.change}`, forgery.position);
  }
  if (missed.size === 0)
    return `${history.length} events, seed ${seed}: ${tried} forgeries, ${found} found, the others declared`;
  const lines = [...missed].map(([change, position]) => `  position ${position}  ${change}`);
  throw new Error(`Neither found nor declared:\n${lines.join('\n')}`);
}
