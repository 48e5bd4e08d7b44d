import type { CommandContext } from '../../src/ledger/command-context.js';
import type { Decide } from '../../src/ledger/command-group.js';
import { nobody, unknownEvent, type Aggregate } from '../../src/ledger/aggregate.js';
import { object, type Schema } from '../../src/ledger/schema.js';
import { refusal } from '../../src/ledger/refusal.js';
import type { Transaction } from '../../src/ledger/transaction.js';
import { idOf } from './batches.js';

export type AccountEvent =
  | { readonly type: 'account-opened'; readonly data: { readonly amount: number } }
  | { readonly type: 'amount-moved'; readonly data: { readonly amount: number } };

export type Account = { readonly status: 'absent' } | { readonly status: 'open'; readonly balance: number };

const data = object({ amount: { type: 'integer' } as Schema<number> });

/** The smallest aggregate that reveals lost, repeated and overlooked events: the sum never changes, and no balance is negative. */
export const account: Aggregate<Account, AccountEvent> = {
  name: 'account',
  initial: { status: 'absent' },
  events: {
    'account-opened': {
      schema: 1,
      data,
      concerns: nobody,
      says: ({ data }) => `The account was opened with ${data.amount}.`,
    },
    'amount-moved': { schema: 1, data, concerns: nobody, says: ({ data }) => `The balance changes by ${data.amount}.` },
  },
  exists: (state) => state.status === 'open',
  evolve(state, event) {
    switch (event.type) {
      case 'account-opened':
        return { status: 'open', balance: event.data.amount };
      case 'amount-moved':
        if (state.status === 'absent') throw new Error('An account begins with "amount-moved".');
        return { status: 'open', balance: state.balance + event.data.amount };
      default:
        return unknownEvent('account', event);
    }
  },
};

/** The state that a decision saw, recorded with the decision. The history must show the same state at that position. */
export type Seen = Readonly<Record<string, number | null>>;

const balanceOf = (state: Account): number | null => (state.status === 'open' ? state.balance : null);

export const openAccount =
  (id: string, amount: number): Decide =>
  (tx) => {
    tx.create(account, id);
    const seen = { [id]: balanceOf(tx.get(account, id)) };
    tx.append(account, id, [{ type: 'account-opened', data: { amount } }]);
    return { seen, opened: true };
  };

/** Moves an amount, unless the account holds less. The decision only reads the third account. */
export const move =
  (from: string, to: string, amount: number, witness: string): Decide =>
  (tx) => {
    tx.isAbout(account, from);
    const seen: Record<string, number | null> = {};
    for (const id of [from, to, witness]) seen[id] = balanceOf(tx.get(account, id));
    const balance = tx.existing(account, from);
    tx.existing(account, to);
    if (balance.status === 'open' && balance.balance < amount) {
      // The events are written before the refusal: none of them may remain.
      moveOn(tx, to, amount);
      throw refusal('conflict', 'too-little', 'There is less than that.', { seen });
    }
    moveOn(tx, from, -amount);
    if (to !== from) moveOn(tx, to, amount);
    else moveOn(tx, from, amount);
    return { seen };
  };

const moveOn = (tx: Transaction, id: string, amount: number): void =>
  tx.append(account, id, [{ type: 'amount-moved', data: { amount } }]);

export class Blunder extends Error {}

/** A decision with a bug that throws after the decision has begun to write. */
export const blunder =
  (id: string): Decide =>
  (tx) => {
    tx.create(account, idOf(`blunder on ${id}`));
    tx.append(account, idOf(`blunder on ${id}`), [{ type: 'account-opened', data: { amount: 1 } }]);
    tx.get(account, id);
    throw new Blunder('a bug');
  };

export function contextOf(key: string, overrides: Partial<CommandContext> = {}): CommandContext {
  return {
    principal: { actorId: 'programme', roles: ['operator'] },
    role: 'operator',
    commandId: idOf(key),
    fingerprint: `fingerprint of ${key}`,
    correlationId: 'correlation',
    ...overrides,
  };
}
