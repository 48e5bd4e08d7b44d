import { isDeepStrictEqual } from 'node:util';
import { readEvent, type RecordedEvent } from '../../src/ledger/event.js';
import type { SimulatedLog } from '../support/simulated-store.js';
import { account, type Account, type AccountEvent, type Seen } from './accounts.js';
import { idOf } from './batches.js';
import type { Schedule, Sent } from './schedule.js';

/** What is stored, read back without any of the code that wrote it. */
export class History {
  private readonly events: readonly RecordedEvent[];

  constructor(private readonly log: SimulatedLog) {
    this.events = log.events.map(readEvent);
  }

  /** @throws Error unless the state is what the first events of its stream give. */
  checkState(id: string, { state, revision }: { state: Account; revision: number }, fail: (complaint: string) => void) {
    const own = this.events.filter(({ stream }) => stream === `account-${id}`).slice(0, revision + 1);
    if (own.length !== revision + 1) fail(`${id} is held at revision ${revision}, but has ${own.length} events.`);
    const replayed = own.reduce(
      (before, event) => account.evolve(before, event as unknown as AccountEvent),
      account.initial,
    );
    if (!isDeepStrictEqual(state, replayed)) fail(`${id} is held as ${JSON.stringify(state)} at revision ${revision}.`);
  }

  /** Everything that must hold at the end, whatever has happened. */
  check(schedule: Schedule): void {
    this.checkOrder(schedule);
    for (const sent of schedule.sent) this.checkCommand(sent, schedule);
    const known = new Set(schedule.sent.map(({ key }) => idOf(key)));
    for (const { commandId } of this.events) if (!known.has(commandId)) schedule.fail(`Nobody sent ${commandId}.`);
    this.checkSeen(schedule);
  }

  private checkOrder(schedule: Schedule): void {
    const revisions = new Map<string, number>();
    const ids = new Set<string>();
    let recordedAt = 0;
    for (const [index, event] of this.events.entries()) {
      if (event.position !== index + 1) schedule.fail(`Position ${index + 1} is missing.`);
      const revision = (revisions.get(event.stream) ?? -1) + 1;
      if (event.revision !== revision) schedule.fail(`${event.stream} has no revision ${revision}.`);
      revisions.set(event.stream, revision);
      if (ids.has(event.id)) schedule.fail(`${event.id} is there twice.`);
      ids.add(event.id);
      if (Date.parse(event.recordedAt) < recordedAt) schedule.fail(`Time goes back at position ${event.position}.`);
      recordedAt = Date.parse(event.recordedAt);
    }
  }

  private checkCommand({ key, kind, answers }: Sent, schedule: Schedule): void {
    const events = this.events.filter(({ commandId }) => commandId === idOf(key));
    const stored = this.log.outcomes.get(idOf(key));
    if (answers.size > 1) schedule.fail(`${key} got different answers: ${[...answers].join(' / ')}`);
    const [answer] = answers;
    if (kind !== 'ordinary') {
      const expected = kind === 'blunder' ? 'bug: Blunder' : 'bug: Error';
      if (answer !== expected && answer !== undefined) schedule.fail(`${key}, a ${kind}, was answered: ${answer}`);
      if (stored || events.length > 0) schedule.fail(`${key}, a ${kind}, was recorded.`);
      return;
    }
    if (!stored) {
      if (answer !== undefined) schedule.fail(`${key} was answered and is not stored: ${answer}`);
      if (events.length > 0) schedule.fail(`${key} has events but no outcome.`);
      return;
    }
    if (answer === undefined) schedule.fail(`${key} is stored, but asking again did not give its answer.`);
    const expected = answer?.startsWith('answer ') ? eventCountOf(stored.outcome) : 0;
    if (events.length !== expected) schedule.fail(`${key} has ${events.length} events instead of ${expected}.`);
    const last = events.at(-1)?.position ?? stored.position;
    if (last !== stored.position) schedule.fail(`${key} is said to end at ${stored.position}, not ${last}.`);
  }

  /** Every decision was taken on what the history says at its place: nothing came between. */
  private checkSeen(schedule: Schedule): void {
    const outcomes = [...this.log.outcomes.values()].sort((a, b) => a.position - b.position);
    const states = new Map<string, Account>();
    let position = 0;
    for (const { commandId, position: end, outcome } of outcomes) {
      const count = this.events.filter((event) => event.commandId === commandId).length;
      for (; position < end - count; position += 1) this.advance(states, position);
      for (const [id, balance] of Object.entries(seenIn(outcome))) {
        const state = states.get(id) ?? account.initial;
        const actual = state.status === 'open' ? state.balance : null;
        if (actual !== balance) schedule.fail(`${commandId} saw ${balance} in ${id}, where ${actual} was.`);
        if (actual !== null && actual < 0) schedule.fail(`${id} owes ${-actual}.`);
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

/** Opening an account is one event and sees one account; moving is two and sees the accounts that it is about. */
const eventCountOf = (outcome: string): number => {
  const { answer } = JSON.parse(outcome) as { answer?: { seen: Seen; opened?: boolean } };
  return answer?.opened ? 1 : 2;
};
