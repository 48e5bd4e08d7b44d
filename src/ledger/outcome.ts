import type { Answer, CommandContext } from './command-context.js';
import type { StoredOutcome } from './event-store.js';
import type { RefusalCode, RefusalKind } from './refusal-declaration.js';
import { Refusal, type FieldError, type RefusalFacts } from './refusal.js';

/** The stored outcome of a command. */
export type Outcome =
  | { readonly answer: { readonly id: string; readonly revision: number } & Record<string, unknown> }
  | { readonly refusal: StoredRefusal; readonly correlationId: string };

interface StoredRefusal {
  readonly kind: RefusalKind;
  /** Perhaps one that only an earlier version declared. */
  readonly code: string;
  readonly detail: string;
  readonly facts: RefusalFacts;
  readonly errors: readonly FieldError[];
}

/** A refusal that was decided earlier and is replayed word for word. */
export class ReplayedRefusal extends Refusal {
  constructor(
    { kind, code, detail, facts, errors }: StoredRefusal,
    readonly correlationId: string,
    readonly replayed: boolean,
  ) {
    // The stored refusal was checked when it was written: its facts fit the declaration of that day.
    super(kind, code as RefusalCode, detail, facts as never, errors);
  }
}

export function refusalOutcome(error: Refusal, context: CommandContext): Outcome {
  const { kind, code, detail, facts, errors } = error;
  return { refusal: { kind, code, detail, facts, errors }, correlationId: context.correlationId };
}

/**
 * The stored answer of a command.
 * @throws Refusal that is stored instead of an answer, or `idempotency-key-reused` when the key belongs to another request
 */
export function answerOf(context: CommandContext, stored: StoredOutcome, replayed: boolean): Answer {
  if (stored.fingerprint !== context.fingerprint) {
    throw new Refusal(
      'invalid',
      'idempotency-key-reused',
      'This Idempotency-Key was used for another request. Use a new key for a new request.',
    );
  }
  const outcome = JSON.parse(stored.outcome) as Outcome;
  if ('refusal' in outcome) throw new ReplayedRefusal(outcome.refusal, outcome.correlationId, replayed);
  const { position, recordedAt } = stored;
  return { ...outcome.answer, position, recordedAt, ...(replayed ? { replayed } : {}) };
}
