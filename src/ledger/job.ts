import type { Answer, CommandContext } from './command-context.js';
import type { StoredOutcome } from './event-store.js';
import { Refusal } from './refusal.js';
import type { Transaction } from './transaction.js';

/** A pure, synchronous decision: reads states and appends events through `tx`. It may be run more than once. */
export type Decide = (tx: Transaction) => object | void;

/** One command inside the ledger, and who waits for it. */
export interface Part {
  readonly context: CommandContext;
  readonly decide: Decide;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** What is decided and written as one: a command, or several that are carried out together or not at all. */
export interface Job {
  /** In their order. Of several the last is the call that holds them: under its key stands what became of all. */
  readonly parts: readonly Part[];
  /** Decides it again in its place, if it has one. */
  readonly sequence?: { again(job: Job): void };
  /** Says that none was carried out, because one is refused. */
  readonly refusalOfAll?: RefusalOfAll;
  /** Of several: outcomes of those that were carried out before. */
  readonly known: Map<string, StoredOutcome>;
  attempts: number;
  loads: number;
  bytes: number;
  /** The `If-Match` that did not hold, until it is sure that it does not. */
  stale?: Refusal;
}

/** @param place of the one that is refused */
export type RefusalOfAll = (place: number, refusal: Refusal) => Refusal;

export const jobOf = (parts: readonly Part[], rest: Pick<Job, 'sequence' | 'refusalOfAll'> = {}): Job => ({
  parts,
  ...rest,
  known: new Map(),
  attempts: 0,
  loads: 0,
  bytes: 0,
});

/** The command whose key stands for the whole. */
export function callOf({ parts }: Pick<Job, 'parts'>): Part {
  const call = parts.at(-1);
  if (!call) throw new Error('A job has at least one command.');
  return call;
}

export function rejectAll({ parts }: Pick<Job, 'parts'>, error: unknown): void {
  for (const { reject } of parts) reject(error);
}
