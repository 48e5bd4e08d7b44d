import fc from 'fast-check';
import {
  commitment,
  type Commitment,
  type CommitmentEvent,
  type CommitmentTerms,
} from '../../src/capital/commitment.js';
import { NOTICE_WITHOUT_POLICY } from '../../src/capital/call-notice.js';
import { distribute, issueCall, payCall } from '../../src/capital/cash.decisions.js';
import { amend, cancel, sign, type Signatory } from '../../src/capital/commitment.decisions.js';
import { pledge } from '../../src/capital/pledge.decisions.js';
import { fund, type Fund, type FundEvent } from '../../src/capital/fund.js';
import { reachFinancialClose, subscribe } from '../../src/capital/fund.decisions.js';
import { RULES_WITHOUT_POLICY } from '../../src/compute/contribution.js';
import { Refusal } from '../../src/ledger/refusal.js';

/**
 * Random commands on two commitments of one tranche, compared with a model of the sums alone: the decisions must accept
 * exactly the commands for which the model has room.
 */
const BY: Signatory = { actor: { actorId: 'programme', roles: ['operator'] }, acceptance: undefined, isClosed: true };
const NOW = '2026-06-15T12:00:00Z';
export const CAP_MINOR = 2_200n;
export const IDS = ['commitment-a', 'commitment-b'] as const;
export type Id = (typeof IDS)[number];

export type Step =
  | { readonly do: 'sign' | 'cancel'; readonly id: Id }
  | { readonly do: 'amend' | 'call'; readonly id: Id; readonly amount: number }
  | { readonly do: 'pay'; readonly id: Id; readonly amount: number; readonly call: number }
  | { readonly do: 'distribute'; readonly id: Id; readonly amount: number; readonly recallable: number }
  | { readonly do: 'close' };

const id = fc.constantFrom(...IDS);
const amount = fc.integer({ min: 0, max: 1_200 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sign' as const), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), id }) },
  { weight: 2, arbitrary: fc.constant({ do: 'close' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('amend' as const), id, amount: fc.integer({ min: -900, max: 900 }) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('call' as const), id, amount }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('pay' as const), id, amount, call: fc.nat({ max: 4 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('distribute' as const), id, amount, recallable: amount }) },
);

export const TERMS: CommitmentTerms = {
  fundId: 'fund-a',
  trancheId: 'tranche-a',
  trancheRank: 1,
  trancheKind: 'senior',
  partnerId: 'partner-a',
  partnerKind: 'private',
  currency: 'EUR',
  kind: 'capex',
};

export const sequence = fc.array(step, { minLength: 1, maxLength: 60 });

/** The sums of one commitment in the model. */
export class Model {
  closed = false;
  readonly books = new Map<Id, Book>(IDS.map((one) => [one, new Book()]));

  committedOfAll = (): bigint => [...this.books.values()].reduce((sum, { committed }) => sum + committed, 0n);

  /** Executes the step in the model and returns whether there was room for it. */
  take(next: Step): boolean {
    if (next.do === 'close') {
      if (this.closed || this.committedOfAll() === 0n) return false;
      this.closed = true;
      return true;
    }
    const book = this.book(next.id);
    switch (next.do) {
      case 'sign':
        return book.sign(CAP_MINOR - this.committedOfAll());
      case 'cancel':
        return book.cancel();
      case 'amend':
        return book.amend(BigInt(next.amount), CAP_MINOR - this.committedOfAll());
      case 'call':
        return this.closed && book.call(BigInt(next.amount));
      case 'pay':
        return book.pay(BigInt(next.amount), next.call);
      case 'distribute':
        return this.closed && book.distribute(BigInt(next.amount), BigInt(next.recallable));
    }
  }

  book(of: Id): Book {
    const book = this.books.get(of);
    if (!book) throw new Error(`There is no book of ${of}.`);
    return book;
  }
}

class Book {
  status: Commitment['status'] = 'pledged';
  wasSigned = false;
  committed = 0n;
  recallable = 0n;
  distributed = 0n;
  readonly calls: { called: bigint; paid: bigint }[] = [];

  called = (): bigint => this.calls.reduce((sum, { called }) => sum + called, 0n);
  paid = (): bigint => this.calls.reduce((sum, { paid }) => sum + paid, 0n);
  unfunded = (): bigint => this.committed - this.called() + this.recallable;

  sign(free: bigint): boolean {
    if (this.status !== 'pledged' || free < 1_000n) return false;
    this.status = 'signed';
    this.wasSigned = true;
    this.committed = 1_000n;
    return true;
  }

  cancel(): boolean {
    if (this.status === 'cancelled') return false;
    this.committed -= this.unfunded();
    this.status = 'cancelled';
    return true;
  }

  amend(delta: bigint, free: bigint): boolean {
    if (this.status !== 'signed' || delta === 0n || delta > free || this.unfunded() + delta < 0n) return false;
    this.committed += delta;
    return true;
  }

  call(called: bigint): boolean {
    if (this.status !== 'signed' || called === 0n || called > this.unfunded()) return false;
    this.calls.push({ called, paid: 0n });
    return true;
  }

  pay(amountPaid: bigint, index: number): boolean {
    const call = this.calls[index];
    if (!call || amountPaid === 0n || call.paid + amountPaid > call.called) return false;
    call.paid += amountPaid;
    return true;
  }

  distribute(amountPaid: bigint, recallable: bigint): boolean {
    if (this.status === 'pledged' || !this.wasSigned || amountPaid === 0n || recallable > amountPaid) return false;
    if (this.status === 'cancelled' && recallable > 0n) return false;
    if (this.paid() === 0n || this.recallable + recallable > this.paid()) return false;
    this.distributed += amountPaid;
    this.recallable += recallable;
    return true;
  }
}

/** The two aggregates as on the write side: a step appends to both streams or to neither. */
export class Live {
  fund: Fund;
  readonly commitments = new Map<Id, Commitment>();
  readonly histories = new Map<Id, CommitmentEvent[]>();
  /** The events of both streams in the order of their recording. */
  readonly log: { readonly stream: string; readonly event: CommitmentEvent | FundEvent }[] = [];
  readonly fundHistory: FundEvent[] = [
    { type: 'fund-established', data: { name: 'Fund', currency: 'EUR', targetMinor: '3000' } },
    { type: 'tranche-defined', data: { trancheId: 'tranche-a', rank: 1, kind: 'senior', capMinor: `${CAP_MINOR}` } },
  ];

  constructor() {
    this.log.push(...this.fundHistory.map((event) => ({ stream: 'fund-fund-a', event })));
    this.fund = this.fundHistory.reduce<Fund>((state, event) => fund.evolve(state, event), fund.initial);
    for (const one of IDS)
      this.append(one, pledge(TERMS, { amountMinor: '1000' }, { actorId: 'programme', roles: ['operator'] }));
  }

  take(next: Step): boolean {
    try {
      this.decide(next);
      return true;
    } catch (error) {
      if (error instanceof Refusal) return false;
      throw error;
    }
  }

  private decide(next: Step): void {
    if (next.do === 'close')
      return this.appendToFund(
        reachFinancialClose(this.fund, [], { reachedOn: '2026-03-02' }, NOW, RULES_WITHOUT_POLICY),
      );
    const state = this.stateOf(next.id);
    const minor = 'amount' in next ? String(next.amount) : '0';
    switch (next.do) {
      case 'sign':
        return this.change(next.id, sign(state, { signedOn: '2026-03-02' }, BY, NOW), 1_000n);
      case 'cancel': {
        const events = cancel(state, { reason: 'withdrawn' }, BY);
        return this.change(next.id, events, -events.reduce((sum, { data }) => sum + BigInt(data.releasedMinor), 0n));
      }
      case 'amend':
        return this.change(next.id, amend(state, { deltaMinor: minor, reason: 'scope' }, BY), BigInt(next.amount));
      case 'call': {
        const dates = { issuedOn: '2026-03-02', dueOn: '2026-06-01' };
        const callId = `${next.id}-call-${this.historyOf(next.id).filter(({ type }) => type === 'capital-call-issued').length}`;
        return this.append(
          next.id,
          issueCall(state, this.fund, callId, { amountMinor: minor, ...dates }, NOTICE_WITHOUT_POLICY),
        );
      }
      case 'pay':
        return this.append(
          next.id,
          payCall(state, `${next.id}-call-${next.call}`, { amountMinor: minor, paidOn: '2026-04-01' }, NOW),
        );
      case 'distribute': {
        const input = { amountMinor: minor, recallableMinor: String(next.recallable), paidOn: '2026-04-01' };
        return this.append(next.id, distribute(state, this.fund, input, NOW));
      }
    }
  }

  stateOf = (of: Id): Commitment => this.commitments.get(of) ?? commitment.initial;
  historyOf = (of: Id): readonly CommitmentEvent[] => this.histories.get(of) ?? [];

  private change(of: Id, events: readonly CommitmentEvent[], deltaMinor: bigint): void {
    const { trancheId, partnerId, partnerKind, kind } = TERMS;
    const subscription = { trancheId, partnerId, partnerKind, kind, commitmentId: of, deltaMinor };
    const onFund = deltaMinor === 0n ? [] : subscribe(this.fund, subscription);
    this.append(of, events);
    this.appendToFund(onFund);
  }

  private append(of: Id, events: readonly CommitmentEvent[]): void {
    this.commitments.set(
      of,
      events.reduce((state, event) => commitment.evolve(state, event), this.stateOf(of)),
    );
    this.histories.set(of, [...this.historyOf(of), ...events]);
    this.log.push(...events.map((event) => ({ stream: `commitment-${of}`, event })));
  }

  private appendToFund(events: readonly FundEvent[]): void {
    this.fund = events.reduce((state, event) => fund.evolve(state, event), this.fund);
    this.fundHistory.push(...events);
    this.log.push(...events.map((event) => ({ stream: 'fund-fund-a', event })));
  }
}
