import { AGGREGATES } from '../../../src/aggregates.js';
import type { AggregateOutline } from '../../../src/ledger/aggregate.js';
import type { Verification } from '../../../src/audit/verification.js';
import { verify } from '../../../src/audit/verify.js';
import { noteKeyOf } from '../../../src/tlog/note-key.js';
import { EnvelopeWriter, LOG_KEY, SCHEMAS, signedLog, type WrittenEvent } from '../written-log.js';
import * as story from '../written-programme.js';

/** An event, or the events of one command. */
export type Added = WrittenEvent | readonly WrittenEvent[];

/** Verifies the programme with these commands before its last one, which a checkpoint may cut in two. */
async function verified(...added: readonly Added[]): Promise<Verification & { readonly lastAdded: number }> {
  const writer = new EnvelopeWriter();
  const programme = story.programme();
  const further = structuredClone(added).map((each) => (Array.isArray(each) ? [...each] : [each]) as WrittenEvent[]);
  programme.splice(-1, 0, ...further);
  const commands = olderBefore(programme);
  const log = signedLog(commands.flatMap((command) => writer.command(...command)));
  const result = await verify(log, { trust: { key: noteKeyOf(LOG_KEY) }, aggregates: AGGREGATES });
  return { ...result, lastAdded: commands.slice(0, -1).flat().length };
}

/** Programs only go forward: what came before an event of an older schema was recorded with no newer one. */
function olderBefore(commands: readonly WrittenEvent[][]): WrittenEvent[][] {
  const schemas = new Map<string, number>();
  for (const event of commands.flat().reverse()) {
    const { type, envelope } = event;
    const own = Number(envelope?.['schema'] ?? SCHEMAS.get(type));
    const schema = Math.min(own, schemas.get(type) ?? own);
    schemas.set(type, schema);
    if (schema === own) continue;
    event.envelope = { ...envelope, schema };
    event.data = within(formOf(type, schema), event.data);
    // Up to schema 2 a close without a policy stated no kinds.
    if (type === 'financial-close-reached' && !('matchingPolicyVersion' in event.data))
      delete event.data['matchingKinds'];
  }
  // Up to schema 1 of grants no call counted them.
  if (schemas.get('access-granted') !== 1) return [...commands];
  return commands.map((events) => events.filter(({ type }) => !type.startsWith('call-hours-')));
}

/** The data without the members that this form does not have. */
function within(
  { properties = {} }: { readonly properties?: object },
  data: WrittenEvent['data'],
): WrittenEvent['data'] {
  return Object.fromEntries(Object.entries(data).filter(([name]) => Object.hasOwn(properties, name)));
}

const OUTLINES: readonly AggregateOutline[] = AGGREGATES;

function formOf(type: string, schema: number): object {
  const outline = OUTLINES.map(({ events }) => events[type]).find((each) => each !== undefined);
  const upcast = outline?.upcasts?.[schema];
  if (upcast === undefined) throw new Error(`No event of the type ${type} has the schema ${schema}.`);
  return upcast.data;
}

export async function expectRight(...added: readonly Added[]): Promise<void> {
  const { verdict, finding } = await verified(...added);
  expect({ verdict, finding }).toEqual({ verdict: 'verified', finding: undefined });
}

/** The finding must name the last of the added events. */
export async function expectWrong(
  [check, message]: readonly [check: string, message: string],
  ...added: readonly Added[]
): Promise<void> {
  const { verdict, finding, lastAdded } = await verified(...added);
  expect({ verdict, finding }).toMatchObject({
    verdict: 'wrong',
    finding: { check, position: lastAdded, message: expect.stringContaining(message) },
  });
}
