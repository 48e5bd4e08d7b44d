import { isDeepStrictEqual } from 'node:util';
import type { StoredOutcome } from '../../src/ledger/event-store.js';
import { readEvent, type RecordedEvent, type StoredEvent } from '../../src/ledger/event.js';
import { account, type Account, type AccountEvent, type Seen } from './accounts.js';
import { idOf } from './batches.js';
import type { SentCall } from './sent-call.js';
import type { Sent } from './sent.js';

type Fail = (complaint: string) => never;

/** The stored events, read back without the code that wrote them. */
export class History {
  private readonly events: readonly RecordedEvent[];
  private readonly byCommand = new Map<string, RecordedEvent[]>();

  constructor(
    stored: readonly StoredEvent[],
    private readonly outcomes: ReadonlyMap<string, StoredOutcome>,
  ) {
    this.events = stored.map(readEvent);
    for (const event of this.events) {
      const others = this.byCommand.get(event.commandId);
      if (others) others.push(event);
      else this.byCommand.set(event.commandId, [event]);
    }
  }

  private eventsOf(commandId: string): readonly RecordedEvent[] {
    return this.byCommand.get(commandId) ?? [];
  }

  /** @throws Error unless the state equals a fold of the first events of its stream. */
  checkState(id: string, { state, revision }: { state: Account; revision: number }, fail: Fail) {
    const own = this.events.filter(({ stream }) => stream === `account-${id}`).slice(0, revision + 1);
    if (own.length !== revision + 1) fail(`${id} is held at revision ${revision}, but has ${own.length} events.`);
    const replayed = own.reduce(
      (before, event) => account.evolve(before, event as unknown as AccountEvent),
      account.initial,
    );
    if (!isDeepStrictEqual(state, replayed)) fail(`${id} is held as ${JSON.stringify(state)} at revision ${revision}.`);
  }

  /** Checks everything that must hold at the end, whatever has happened. */
  check(alone: readonly Sent[], fail: Fail, calls: readonly SentCall[] = []): void {
    this.checkOrder(fail);
    const sent = [...alone, ...calls.flatMap(({ commands }) => commands)];
    for (const command of sent) this.checkCommand(command, fail);
    for (const call of calls) this.checkCall(call, fail);
    const known = new Set([...sent, ...calls].map(({ key }) => idOf(key)));
    for (const commandId of this.outcomes.keys()) if (!known.has(commandId)) fail(`Nobody sent ${commandId}.`);
    for (const { commandId } of this.events) if (!known.has(commandId)) fail(`Nobody sent ${commandId}.`);
    this.checkSeen(fail);
  }

  private checkOrder(fail: Fail): void {
    const revisions = new Map<string, number>();
    const ids = new Set<string>();
    let recordedAt = 0;
    for (const [index, event] of this.events.entries()) {
      if (event.position !== index + 1) fail(`Position ${index + 1} is missing.`);
      const revision = (revisions.get(event.stream) ?? -1) + 1;
      if (event.revision !== revision) fail(`${event.stream} has no revision ${revision}.`);
      revisions.set(event.stream, revision);
      if (ids.has(event.id)) fail(`${event.id} is there twice.`);
      ids.add(event.id);
      if (Date.parse(event.recordedAt) < recordedAt) fail(`Time goes back at position ${event.position}.`);
      recordedAt = Date.parse(event.recordedAt);
    }
  }

  private checkCommand({ key, kind, answers }: Sent, fail: Fail): void {
    const events = this.eventsOf(idOf(key));
    const stored = this.outcomes.get(idOf(key));
    if (answers.size > 1) fail(`${key} got different answers: ${[...answers].join(' / ')}`);
    const [answer] = answers;
    if (kind !== 'ordinary') {
      if (answer !== undefined && !answer.startsWith('bug: ')) fail(`${key}, a ${kind}, was answered: ${answer}`);
      if (stored || events.length > 0) fail(`${key}, a ${kind}, was recorded.`);
      return;
    }
    if (!stored) {
      if (answer !== undefined) fail(`${key} was answered and is not stored: ${answer}`);
      if (events.length > 0) fail(`${key} has events but no outcome.`);
      return;
    }
    if (answer === undefined) fail(`${key} is stored, but asking again did not give its answer.`);
    const expected = answer?.startsWith('answer ') ? eventCountOf(stored.outcome) : 0;
    if (events.length !== expected) fail(`${key} has ${events.length} events instead of ${expected}.`);
    const last = events.at(-1)?.position ?? stored.position;
    if (last !== stored.position) fail(`${key} is said to end at ${stored.position}, not ${last}.`);
  }

  private checkCall(call: SentCall, fail: Fail): void {
    const { key, answers, isAtomic, commands, alone } = call;
    const stored = this.outcomes.get(idOf(key));
    if (answers.size > 1) fail(`${key} got different answers: ${[...answers].join(' / ')}`);
    if ([...answers].some((answer) => !/^(answer|refusal) /.test(answer))) fail(`${key}: ${[...answers].join()}`);
    if ((stored !== undefined) !== answers.size > 0)
      fail(`${key} is ${stored ? '' : 'not '}stored, but was answered otherwise.`);
    if (!isAtomic) {
      if (!stored && commands.some((sent) => !alone.has(sent) && this.placeOf(sent)))
        fail(`${key} began without its call.`);
      for (const executed of call.executed) this.checkInOrder(executed, fail);
    } else if (stored && [...answers][0]?.startsWith('answer ')) this.checkAtomic(call, stored, fail);
    else if (commands.some((sent) => !alone.has(sent) && this.placeOf(sent)))
      fail(`${key} was refused, but executed in part.`);
  }

  /** Each command sees the events of the commands before it. */
  private checkInOrder(executed: readonly Sent[], fail: Fail): void {
    for (const [index, one] of executed.entries()) {
      const written = new Set(this.eventsOf(idOf(one.key)).map(({ stream }) => stream));
      const end = this.placeOf(one)?.end ?? 0;
      for (const later of executed.slice(index + 1)) {
        const isConcerned = later.sees?.some((id) => written.has(`account-${id}`));
        if (isConcerned && (this.placeOf(later)?.start ?? 0) < end)
          fail(`${later.key} did not see what ${one.key} did.`);
      }
    }
  }

  /** All commands are recorded one right after the other, except commands that were executed before, when they were sent alone. */
  private checkAtomic({ key, commands, alone }: SentCall, call: StoredOutcome, fail: Fail): void {
    let expected: number | undefined;
    for (const sent of commands) {
      const place = this.placeOf(sent);
      if (!place || place.start === place.end) fail(`${key} was executed, but not ${sent.key}.`);
      const isInPlace = place.start === (expected ?? place.start) && place.recordedAt === call.recordedAt;
      if (alone.has(sent) && !isInPlace && place.end <= (expected ?? place.end)) continue;
      if (alone.has(sent) && expected === undefined) continue;
      if (!isInPlace) fail(`${sent.key} is at ${place.start}, not at ${expected}, where ${key} was executed.`);
      expected = place.end;
    }
    if (expected !== undefined && expected !== call.position) {
      fail(`${key} is said to end at ${call.position}, and its commands end at ${expected}.`);
    }
  }

  /** The position after which the command was decided, and the position of its last event. */
  private placeOf({ key }: Sent): { start: number; end: number; recordedAt: string } | undefined {
    const stored = this.outcomes.get(idOf(key));
    if (!stored) return undefined;
    const { position: end, recordedAt } = stored;
    return { start: end - this.eventsOf(idOf(key)).length, end, recordedAt };
  }

  /** Every decision saw the state that the history has at its position: no other event came between. */
  private checkSeen(fail: Fail): void {
    const decisions = [...this.outcomes.values()].map(({ commandId, position: end, outcome }) => ({
      commandId,
      outcome,
      start: end - this.eventsOf(commandId).length,
    }));
    const states = new Map<string, Account>();
    let position = 0;
    for (const { commandId, outcome, start } of decisions.sort((a, b) => a.start - b.start)) {
      for (; position < start; position += 1) this.advance(states, position);
      for (const [id, balance] of Object.entries(seenIn(outcome))) {
        const state = states.get(id) ?? account.initial;
        const actual = state.status === 'open' ? state.balance : null;
        if (actual !== balance) fail(`${commandId} saw ${balance} in ${id}, where ${actual} was.`);
        if (actual !== null && actual < 0) fail(`${id} owes ${-actual}.`);
      }
    }
  }

  private advance(states: Map<string, Account>, index: number): void {
    const event = this.events[index];
    if (!event) return;
    const id = event.stream.slice('account-'.length);
    states.set(id, account.evolve(states.get(id) ?? account.initial, event as unknown as AccountEvent));
  }
}

interface StoredText {
  readonly answer?: { readonly seen: Seen };
  readonly refusal?: { readonly facts: { readonly seen?: Seen } };
}

const seenIn = (outcome: string): Seen => {
  const { answer, refusal } = JSON.parse(outcome) as StoredText;
  return answer?.seen ?? refusal?.facts.seen ?? {};
};

/** To open an account is one event and reads one account. To move an amount is two events and reads the accounts of the move. */
const eventCountOf = (outcome: string): number => {
  const { answer } = JSON.parse(outcome) as { answer?: { seen: Seen; opened?: boolean } };
  return answer?.opened ? 1 : 2;
};
