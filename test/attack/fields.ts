import { readFileSync, writeFileSync } from 'node:fs';
import type { Envelope } from '../../src/ledger/event.js';
import { forgeriesOf, isFound } from './forge.js';

/** By field, e.g. `access-granted data.validTo`, the changes that a verification does not find: `later earlier`. */
export type Fields = Readonly<Record<string, string>>;

const LIST = new URL('fields-without-a-rule.json', import.meta.url);

/** The declared list. `npm run test:attack -- --forgeries --write` writes it again. */
export const declaredFields = (): Fields => JSON.parse(readFileSync(LIST, 'utf8')) as Fields;

export const writeFields = (fields: Fields): void => writeFileSync(LIST, `${JSON.stringify(fields, null, 2)}\n`);

export interface Examination {
  readonly forgeries: number;
  readonly found: number;
  /** Fields that were forged. */
  readonly fields: number;
  readonly notFound: Fields;
}

/** Forges every field of a history, in one event that has it, and verifies each forgery. */
export async function examine(history: readonly Envelope[]): Promise<Examination> {
  const fields = new Set<string>();
  const missed = new Map<string, Set<string>>();
  let forgeries = 0;
  let found = 0;
  for (const forgery of forgeriesOf(history, 1)) {
    const { field, change } = forgery;
    forgeries += 1;
    fields.add(field);
    if (await isFound(forgery.history())) found += 1;
    else missed.set(field, (missed.get(field) ?? new Set()).add(change));
  }
  const notFound = Object.fromEntries(
    [...missed].sort(byName).map(([field, changes]) => [field, [...changes].join(' ')]),
  );
  return { forgeries, found, fields: fields.size, notFound };
}

const byName = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number =>
  one < other ? -1 : one > other ? 1 : 0;

/** What a list has, change by change. */
export const changesOf = (fields: Fields): string[] =>
  Object.entries(fields).flatMap(([field, changes]) => changes.split(' ').map((change) => `${field}: ${change}`));

/**
 * Why a verification does not find a change. The first entry whose pattern fits `type path: change` is the reason. The last one says
 * that a rule is possible: it must not grow.
 */
const REASONS: readonly (readonly [fits: RegExp, reason: string])[] = [
  [
    /^replay-attested data\.views/,
    'Views: "audit verify --database" folds them again, and gives the digests that are attested here.',
  ],
  [
    /^(report-published|corrective-action-decided|replay-attested) data\./,
    'Reports: "audit replay" makes each published and each attested report again.',
  ],
  [
    /^yearly-submitted data\.(year|submittedOn|dataPosition|dataMethodVersion): /,
    'A yearly submission: "audit yearly" makes its data again, and their hash is compared by hand.',
  ],
  [
    / schema: another$/,
    'An older schema of the first event of its type: that no later one is older is checked, and types are not compared.',
  ],
  [/ sealed/, 'Content outside the log: "audit verify --database" compares it with its commitment.'],
  [/: removed$/, 'A member that may be left out.'],
  [/: (repeated|reversed|shorter)$|\[\]: /, 'A list that is stated once: its items, or their order.'],
  [/ actor\./, 'Who acted: nothing in the log shows who held a key, or which roles the holder had.'],
  [
    / (id|commandId|correlationId|data\.(callId|allocationId|actionId)): /,
    'A name that the service made up: nothing else in the log repeats it.',
  ],
  [/ legalBasis: /, 'The clause that the program cites for this type of event: the text of the decision, not a fact.'],
  [
    / \(event\): (left-out|twice)$/,
    'A fact that no later event needs: its sender alone knows that it was recorded once.',
  ],
  [/ \(event\): swapped$/, 'Two events that do not depend on each other have no order but that of the log.'],
  [
    / recordedAt: /,
    'The clock of the service: only the order of the stamps is compared, and witnesses compare it with theirs.',
  ],
  [
    / data\.(reason|source|legalName|name|title|basis|\w+Ref|sector|programme|measure|kind|keyHash|value|unit|describes|class|freeReason|funding)\b.*: (longer|another|less|more|leading-zero|huge|negated)$/,
    'Words, and facts of the world that the operator states once.',
  ],
  [/^pool-assigned data\.poolId: /, 'Whose hours an allocation used: the evidence that is named shows it.'],
  [/^ownership-transferred data\.approvalId: /, 'A record of the governance body: it is kept outside the log.'],
  [/ data\.(illustrative|interim): /, 'A mark of the operator for what is made up.'],
  [
    / data\.\w*(Minor|chips|chipHours|unitHours|percent|staffMax|caps|floors).*: /,
    'An amount that is stated once; every limit still holds.',
  ],
  [
    /: (later|earlier|another)$/,
    'A date that is stated once; the order of the dates that a rule compares still holds.',
  ],
  [/./, 'No rule computes it a second time.'],
];

/** True for a change that has no reason but that nobody wrote a rule. */
export const isWithoutReason = (change: string): boolean => reasonFor(change) === REASONS.at(-1)?.[1];

export const reasonFor = (change: string): string => REASONS.find(([fits]) => fits.test(change))?.[1] ?? '';

/** A short table: each reason with its number of changes, and its fields without their types. */
export function tableOf(fields: Fields): string {
  const byReason = new Map<string, string[]>();
  for (const change of changesOf(fields)) {
    const reason = reasonFor(change);
    byReason.set(reason, [...(byReason.get(reason) ?? []), change]);
  }
  const rows = [...byReason].sort(([, one], [, other]) => other.length - one.length);
  return rows
    .map(([reason, changes]) => {
      const paths = [...new Set(changes.map((change) => change.replace(/^\S+ (.*): .*$/, '$1')))];
      const types = new Set(changes.map((change) => change.split(' ', 1)[0]));
      const shown = paths.slice(0, 12).join(', ') + (paths.length > 12 ? `, and ${paths.length - 12} more` : '');
      return `${String(changes.length).padStart(5)}  ${reason}\n       ${types.size} types of event: ${shown}\n`;
    })
    .join('');
}
