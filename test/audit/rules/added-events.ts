import { AGGREGATES } from '../../../src/aggregates.js';
import { verify, type Verification } from '../../../src/audit/verify.js';
import { noteKeyOf } from '../../../src/tlog/note-key.js';
import { EnvelopeWriter, LOG_KEY, signedLog, type WrittenEvent } from '../written-log.js';
import * as story from '../written-programme.js';

/** An event, or the events of one command. */
export type Added = WrittenEvent | readonly WrittenEvent[];

/** Verifies the programme with these commands before its last one, which a checkpoint may cut in two. */
async function verified(...added: readonly Added[]): Promise<Verification & { readonly lastAdded: number }> {
  const writer = new EnvelopeWriter();
  const commands = story.programme();
  const further = structuredClone(added).map((each) => (Array.isArray(each) ? [...each] : [each]) as WrittenEvent[]);
  commands.splice(-1, 0, ...further);
  const log = signedLog(commands.flatMap((command) => writer.command(...command)));
  const result = await verify(log, { trust: { key: noteKeyOf(LOG_KEY) }, aggregates: AGGREGATES });
  return { ...result, lastAdded: commands.slice(0, -1).flat().length };
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
