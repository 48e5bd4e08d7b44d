import { idOf } from '../../ledger/aggregate.js';
import type { Findings } from '../audit-finding.js';
import { notCovered, type EventOf } from './coverage.js';
import { Facts, runCheck, type Rule } from './rule.js';
import { Timeline } from './timeline.js';

/** Shares are added in units of 0.0001 %: 33.3 + 33.3 + 33.4 is more than 100 in doubles. */
const UNITS_PER_PERCENT = 10_000;
/** Recommendation 2003/361/EC, Annex, Art. 3: a partner enterprise holds 25 to 50 %, a linked one more than 50 %. */
const PARTNER_PERCENT_MIN = 25;
const PARTNER_PERCENT_MAX = 50;

interface Share {
  readonly kind: 'linked' | 'partner' | 'ended';
  readonly units: number;
}
interface Owned {
  readonly shares: Map<string, Timeline<Share>>;
  readonly acquirers: Timeline<string>;
}

/** Who owns whom. Memory grows with the partners that have owners: each share and each acquisition is a formal act. */
export class OwnershipRule implements Rule<'ownership'> {
  readonly check = 'ownership';
  readonly statement =
    'Nobody owns a part of an owner, the shares in a partner are of their kind and never more than 100 % together, no share or acquisition ' +
    'begins before the one in force, and every request names the partner at the top of its applicant.';
  private readonly partners = new Map<string, Owned>();

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'ownership'>, decidedFromMs: number): void {
    runCheck(this.check, this.findings, () => this.apply(event, Facts.of(event), decidedFromMs));
  }

  finish(): void {}

  close(): void {}

  private apply({ type, stream }: EventOf<'ownership'>, facts: Facts, decidedFromMs: number): void {
    switch (type) {
      case 'affiliation-recorded':
        return this.hold(idOf(stream, 'partner'), facts, decidedFromMs);
      case 'affiliation-ended':
        return this.end(idOf(stream, 'partner'), facts, decidedFromMs);
      case 'partner-acquired':
        return this.acquire(idOf(stream, 'partner'), facts, decidedFromMs);
      case 'access-request-submitted': {
        const top = this.topOf(facts.text('partnerId'), facts.instant('submittedAt'));
        return facts.requireSame(facts.text('ultimateParentId'), top, 'The request names another ultimate parent.');
      }
      default:
        return notCovered(type);
    }
  }

  private hold(id: string, facts: Facts, decidedFromMs: number): void {
    const [holder, kind, percent] = [facts.text('otherPartnerId'), facts.text('kind'), Number(facts.data['percent'])];
    const isLinked = kind === 'linked';
    const fits = isLinked ? percent > PARTNER_PERCENT_MAX && percent <= 100 : isPartnerShare(percent);
    const shares = this.owned(id).shares;
    const share = { kind: isLinked ? 'linked' : 'partner', units: Math.round(percent * UNITS_PER_PERCENT) } as const;
    const cycle = this.isBelow(holder, id, facts.instant('effectiveFrom'));
    timelineOf(shares, holder).decide(share, facts, 'effectiveFrom', decidedFromMs, BEFORE_IN_FORCE);
    facts.require(holder !== id, 'The partner holds a share of itself.');
    facts.require(!cycle, CYCLE, undefined, holder);
    facts.require(fits, 'The share is not one of its kind.', undefined, `${percent} % ${kind}`);
    requireAtMostAll(shares, facts);
  }

  private end(id: string, facts: Facts, decidedFromMs: number): void {
    const holder = facts.text('otherPartnerId');
    const timeline = timelineOf(this.owned(id).shares, holder);
    const inForce = timeline.at(facts.instant('effectiveFrom'));
    timeline.decide({ kind: 'ended', units: 0 }, facts, 'effectiveFrom', decidedFromMs, BEFORE_IN_FORCE);
    const isHeld = inForce !== undefined && inForce.kind !== 'ended';
    facts.require(isHeld, 'A share ends that was not held.', undefined, holder);
  }

  private acquire(id: string, facts: Facts, decidedFromMs: number): void {
    const acquirer = facts.text('acquirerId');
    const cycle = this.isBelow(acquirer, id, facts.instant('effectiveFrom'));
    this.owned(id).acquirers.decide(acquirer, facts, 'effectiveFrom', decidedFromMs, BEFORE_IN_FORCE);
    facts.require(acquirer !== id, 'The partner acquires itself.');
    facts.require(!cycle, CYCLE, undefined, acquirer);
  }

  private owned(id: string): Owned {
    const known = this.partners.get(id);
    if (known !== undefined) return known;
    const owned = { shares: new Map<string, Timeline<Share>>(), acquirers: new Timeline<string>() };
    this.partners.set(id, owned);
    return owned;
  }

  /** Whether a partner stands above another one, at an instant or at any later recorded time. */
  private isBelow(id: string, above: string, instantMs: number): boolean {
    const found = new Set<string>();
    const open = [id];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const owner of this.ownersFrom(next, instantMs)) {
        if (owner === above) return true;
        if (!found.has(owner)) open.push(owner);
        found.add(owner);
      }
    }
    return false;
  }

  private *ownersFrom(id: string, instantMs: number): Generator<string> {
    const owned = this.partners.get(id);
    if (owned === undefined) return;
    yield* owned.acquirers.from(instantMs);
    for (const [holder, timeline] of owned.shares)
      if (timeline.from(instantMs).some(({ kind }) => kind !== 'ended')) yield holder;
  }

  /** The partner at the top of acquisitions and majorities. Ends in a circle too, which has its own finding. */
  private topOf(id: string, instantMs: number): string {
    const seen = new Set<string>();
    let current = id;
    while (!seen.has(current)) {
      seen.add(current);
      const owned = this.partners.get(current);
      if (owned === undefined) return current;
      const linked = [...owned.shares].find(([, timeline]) => timeline.at(instantMs)?.kind === 'linked');
      current = owned.acquirers.at(instantMs) ?? linked?.[0] ?? current;
    }
    return current;
  }
}

const CYCLE = 'The owner is owned by this partner already, at that time or later.';
const BEFORE_IN_FORCE = 'It begins before the one that was in force.';

const isPartnerShare = (percent: number): boolean => percent >= PARTNER_PERCENT_MIN && percent <= PARTNER_PERCENT_MAX;

function timelineOf(shares: Map<string, Timeline<Share>>, holder: string): Timeline<Share> {
  const known = shares.get(holder);
  if (known !== undefined) return known;
  const timeline = new Timeline<Share>();
  shares.set(holder, timeline);
  return timeline;
}

/** On the date of the new share and on every later date on which a share changes. */
function requireAtMostAll(shares: ReadonlyMap<string, Timeline<Share>>, facts: Facts): void {
  const fromMs = facts.instant('effectiveFrom');
  const later = [...shares.values()].flatMap(({ begins }) => begins.filter((begin) => begin > fromMs));
  for (const instant of [fromMs, ...later]) {
    const units = [...shares.values()].reduce((sum, timeline) => sum + (timeline.at(instant)?.units ?? 0), 0);
    const percent = `${units / UNITS_PER_PERCENT} %`;
    facts.require(units <= 100 * UNITS_PER_PERCENT, 'More than 100 % are held.', 'at most 100 %', percent);
  }
}
