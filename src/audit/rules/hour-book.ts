import { MS_PER_HOUR } from '../../ledger/time.js';
import type { Facts } from './rule.js';

/** Half-open, ms since the epoch. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface Pool {
  readonly owner: string;
  readonly basis: string;
  readonly partnerId?: string;
}

/** A partner, and what it contributes by kind of commitment, in minor units. */
export interface Contributor {
  readonly kind: string;
  readonly minorByKind: Map<string, bigint>;
}

interface Period extends Stretch {
  readonly available: bigint;
}

/** What was added to the hours of a pool in a period. Hours are whole unit-hours; what is allocated is in parts of them. */
interface Account {
  entitled: bigint;
  others: bigint;
  allocated: bigint;
  commercial: bigint;
}

/** The hours of one facility, as its events add them up. */
export class HourBook {
  /** A chip counts thousandths of a unit in each millisecond. */
  static readonly partsPerHour = 1_000n * BigInt(MS_PER_HOUR);

  readonly models = new Set<string>();
  readonly pools = new Map<string, Pool>();
  /** By their begins. */
  readonly periods = new Map<number, Period>();
  readonly contributors = new Map<string, Contributor>();
  startedOn: string | undefined;
  transferredOn: string | undefined;
  private readonly accounts = new Map<string, Account>();

  constructor(
    readonly kind: string,
    readonly capexMinor: bigint | undefined,
  ) {}

  contribute(partnerId: string, kind: string, of: string, deltaMinor: bigint): void {
    const contributor = this.contributors.get(partnerId) ?? { kind, minorByKind: new Map<string, bigint>() };
    this.contributors.set(partnerId, contributor);
    contributor.minorByKind.set(of, (contributor.minorByKind.get(of) ?? 0n) + deltaMinor);
  }

  entitle(
    stretch: Stretch,
    available: bigint,
    lines: readonly { readonly id: string; readonly hours: bigint }[],
  ): void {
    this.periods.set(stretch.from, { ...stretch, available });
    for (const { id, hours } of lines) this.account(id, stretch).entitled = hours;
  }

  give(fromId: string, toId: string, stretch: Stretch, hours: bigint): void {
    this.account(fromId, stretch).others -= hours;
    this.account(toId, stretch).others += hours;
  }

  addResidual(poolId: string, stretch: Stretch, hours: bigint): void {
    this.account(poolId, stretch).others += hours;
  }

  /** The hours of the pool, and the parts of hours that are allocated and in commercial use. */
  sumsOf(poolId: string, period: Stretch): { hours: bigint; allocated: bigint; commercial: bigint } {
    const { entitled, others, allocated, commercial } = this.account(poolId, period);
    return { hours: entitled + others, allocated, commercial };
  }

  /** Adds chips of an event over an interval to every period that it touches; `sign` -1 takes them away. */
  book(
    poolId: string,
    facts: Facts,
    { from, to }: Stretch,
    sign: bigint,
    isCommercial: boolean,
  ): { readonly periods: readonly Stretch[]; readonly uncoveredMs: number } {
    const rate = sign * BigInt(facts.count('chips')) * BigInt(facts.count('unitThousandths'));
    const touched: Stretch[] = [];
    let uncoveredMs = Math.max(0, to - from);
    for (const period of this.periods.values()) {
      const [start, end] = [Math.max(from, period.from), Math.min(to, period.to)];
      if (start >= end) continue;
      touched.push(period);
      uncoveredMs -= end - start;
      const account = this.account(poolId, period);
      account.allocated += rate * BigInt(end - start);
      if (isCommercial) account.commercial += rate * BigInt(end - start);
    }
    return { periods: touched, uncoveredMs };
  }

  private account(poolId: string, { from }: Stretch): Account {
    const key = `${from} ${poolId}`;
    const known = this.accounts.get(key);
    if (known) return known;
    const account = { entitled: 0n, others: 0n, allocated: 0n, commercial: 0n };
    this.accounts.set(key, account);
    return account;
  }
}

/** The period that an event names. */
export function stretchOf(facts: Facts): Stretch {
  const [from, to] = [facts.instant('periodFrom'), facts.instant('periodTo')];
  facts.require(from < to, 'The period ends before it begins.');
  return { from, to };
}

/** @returns the available hours of the period, which must have been divided. */
export function requirePeriod(book: HourBook, { from, to }: Stretch, facts: Facts): bigint {
  const period = book.periods.get(from);
  facts.require(period?.to === to, 'No hours are divided for this period.');
  return period?.available ?? 0n;
}

/** A pool has given and allocated at most the hours that it has in the period. */
export function requireNotOverdrawn(
  book: HourBook,
  poolId: string,
  period: Stretch,
  facts: Facts,
  message: string,
): void {
  const { hours, allocated } = book.sumsOf(poolId, period);
  const hasParts = hours * HourBook.partsPerHour;
  facts.require(
    allocated <= hasParts,
    message,
    `at most ${hours} unit-hours`,
    `${Number(allocated) / Number(HourBook.partsPerHour)}`,
  );
}
