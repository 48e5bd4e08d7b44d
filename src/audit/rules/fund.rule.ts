import { idOf } from '../../ledger/aggregate.js';
import { recordedSchema } from '../../ledger/event.js';
import { MS_PER_DAY } from '../../ledger/time.js';
import { addBusinessDays } from '../../domain/business-days.js';
import { notCovered, type EventOf } from './coverage.js';
import { runCheck, Facts, type Rule } from './rule.js';
import type { Findings } from '../audit-finding.js';
import { Timeline } from './timeline.js';

/** Domain rule: business days between the issue of a call and the day on which it is due. */
const NOTICE_BUSINESS_DAYS_MIN = 10;
/** `financial-close-reached` states its day from this schema on. */
const REACHED_ON_SINCE_SCHEMA = 2;
/** The decision and the record have clocks of their own, which may stand on two sides of midnight (UTC). */
const CLOCK_TOLERANCE_MS = MS_PER_DAY;
/** Art. 12b(5). */
const UNION_PERCENT_MAX = 17n;
/** The layers, from the layer that loses first to the layer that is paid first. */
const SENIORITY = ['first-loss', 'mezzanine', 'senior'];

interface Layer {
  readonly rank: number;
  readonly kind: string;
  readonly capMinor: bigint;
  committedMinor: bigint;
}
interface FundBook {
  readonly currency: string;
  readonly targetMinor: bigint;
  readonly layers: Map<string, Layer>;
  readonly facilityIds: Set<string>;
  closed: boolean;
  /** Stated day of the close, for closes since schema 2. Calls are compared with this day only. */
  reachedOn?: string;
}
interface FacilityBook {
  readonly kind: string;
  readonly capexMinor?: bigint;
  currency?: string;
  unionMinor: bigint;
  statesMinor: bigint;
  readonly statesMinorByKind: Map<string, bigint>;
}
/** A version of the policy that lists the contributions which match the Union. */
interface MatchingBasis {
  readonly version: number;
  readonly kinds: readonly unknown[];
}
/** The versions that may have been in force when an event was decided; undefined stands for none. */
type Bases = readonly (MatchingBasis | undefined)[];

/**
 * The money of funds and facilities. Memory grows with funds, layers and facilities, of which a programme has hundreds, and
 * not with the events about them.
 */
export class FundRule implements Rule<'funds'> {
  readonly check = 'funds';
  readonly statement =
    'No layer of a fund takes more than its cap, layers stand in order, no financial close is dated after its recording, capital ' +
    "is called after financial close, on its stated day at the earliest, with 10 business days' notice, and the Union pays at most 17 % of a gigafactory's CAPEX, matched by the Participating States under the policy in force, at financial close and after it (Art. 12b(5)).";
  private readonly funds = new Map<string, FundBook>();
  private readonly facilities = new Map<string, FacilityBook>();
  private readonly matching = new Timeline<MatchingBasis>();
  /** The subscription that was recorded last: the contribution of its command follows it. */
  private subscription: { readonly commandId: string; readonly fund: FundBook } | undefined;

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'funds'>, decidedFromMs: number): void {
    runCheck(this.check, this.findings, () => this.apply(event, Facts.of(event), decidedFromMs));
  }

  finish(): void {}

  close(): void {}

  private apply(event: EventOf<'funds'>, facts: Facts, decidedFromMs: number): void {
    const { type, stream } = event;
    switch (type) {
      case 'fund-established':
        return this.establish(idOf(stream, 'fund'), facts);
      case 'tranche-defined':
        return define(this.fundOf(idOf(stream, 'fund'), facts), facts);
      case 'tranche-subscribed': {
        const fund = this.fundOf(idOf(stream, 'fund'), facts);
        this.subscription = { commandId: event.commandId, fund };
        return subscribe(fund, facts);
      }
      case 'policy-adopted':
        return this.adopt(facts);
      case 'financial-close-reached':
        return this.reachClose(this.fundOf(idOf(stream, 'fund'), facts), event, facts, decidedFromMs);
      case 'facility-registered':
        return this.registerFacility(idOf(stream, 'facility'), facts);
      case 'contribution-recorded':
        return this.contribute(this.facilityOf(idOf(stream, 'facility'), facts), event, facts, decidedFromMs);
      case 'commitment-pledged':
        return pledge(this.fundOf(facts.text('fundId'), facts), facts);
      case 'capital-call-issued':
        return call(this.fundOf(facts.text('fundId'), facts), facts);
      default:
        return notCovered(type);
    }
  }

  private establish(id: string, facts: Facts): void {
    facts.require(!this.funds.has(id), 'The fund is established a second time.');
    const targetMinor = facts.positiveMinor('targetMinor');
    const currency = facts.text('currency');
    this.funds.set(id, { currency, targetMinor, layers: new Map(), facilityIds: new Set(), closed: false });
  }

  private registerFacility(id: string, facts: Facts): void {
    facts.require(!this.facilities.has(id), 'The facility is registered a second time.');
    const currency = facts.optional('currency');
    const isWhole = (facts.optional('capexMinor') === undefined) === (currency === undefined);
    facts.require(isWhole, 'A CAPEX and its currency come together.');
    this.facilities.set(id, {
      kind: facts.text('kind'),
      ...(facts.optional('capexMinor') !== undefined && { capexMinor: facts.minor('capexMinor') }),
      ...(currency !== undefined && { currency }),
      unionMinor: 0n,
      statesMinor: 0n,
      statesMinorByKind: new Map(),
    });
  }

  private adopt(facts: Facts): void {
    if (facts.text('policy') !== 'matching-basis') return;
    const kinds = new Facts(facts.place, facts.record('value')).list('kinds');
    this.matching.add({ version: facts.count('version'), kinds }, facts.instant('effectiveFrom'));
  }

  private basesOf({ recordedAt }: EventOf<'funds'>, decidedFromMs: number): Bases {
    return this.matching.within(decidedFromMs, Date.parse(recordedAt) + CLOCK_TOLERANCE_MS);
  }

  private contribute(facility: FacilityBook, event: EventOf<'funds'>, facts: Facts, decidedFromMs: number): void {
    const { subscription } = this;
    const isClosed = subscription?.commandId === event.commandId && subscription.fund.closed;
    const changes = contribute(facility, facts);
    if (!isClosed || facility.kind !== 'ai-gigafactory') return;
    checkStillMatched(facility, changes, this.basesOf(event, decidedFromMs), facts);
  }

  private reachClose(fund: FundBook, event: EventOf<'funds'>, facts: Facts, decidedFromMs: number): void {
    facts.require(!fund.closed, 'Financial close is reached a second time.');
    fund.closed = true;
    // Before schema 2 nobody stated the day, and calls of any date were accepted. The day that the upcast derives from the
    // envelope is no statement of the operator: a history of that time must not be judged by it.
    if (recordedSchema(event) >= REACHED_ON_SINCE_SCHEMA) fund.reachedOn = statedDay(event, facts);
    const committedMinor = [...fund.layers.values()].reduce((sum, layer) => sum + layer.committedMinor, 0n);
    const stated = facts.minor('committedMinor');
    facts.requireSame(stated, committedMinor, 'The committed sum is not that of the layers.');
    facts.require(committedMinor > 0n, 'Nothing is signed at financial close.');
    const listed = new Map<string, Facts>();
    for (const line of facts.records('facilities')) listed.set(line.text('facilityId'), line);
    const names = [...fund.facilityIds].sort().join(' ');
    const found = [...listed.keys()].sort().join(' ');
    facts.requireSame(found, names, 'Financial close lists other facilities than the fund finances.');
    const bases = this.basesOf(event, decidedFromMs);
    const basis = statedBasis(facts, recordedSchema(event) >= REACHED_ON_SINCE_SCHEMA ? bases : [...bases, undefined]);
    for (const [id, line] of listed) checkMatching(id, this.facilityOf(id, facts), line, basis);
  }

  private fundOf(id: string, facts: Facts): FundBook {
    const fund = this.funds.get(id);
    facts.require(fund !== undefined, `The fund ${id} is used before it is established.`);
    return fund as FundBook;
  }

  private facilityOf(id: string, facts: Facts): FacilityBook {
    const facility = this.facilities.get(id);
    facts.require(facility !== undefined, `The facility ${id} is used before it is registered.`);
    return facility as FacilityBook;
  }
}

/** The day that the operator stated for the close: nobody records a close before its day. */
function statedDay({ recordedAt }: EventOf<'funds'>, facts: Facts): string {
  const reachedOn = facts.date('reachedOn');
  const last = new Date(Date.parse(recordedAt) + CLOCK_TOLERANCE_MS).toISOString().slice(0, reachedOn.length);
  const message = 'The close is dated after the day on which it was recorded.';
  facts.require(reachedOn <= last, message, `${last} or earlier`, reachedOn);
  return reachedOn;
}

function define(fund: FundBook, facts: Facts): void {
  const layer = {
    rank: facts.count('rank'),
    kind: facts.text('kind'),
    capMinor: facts.positiveMinor('capMinor'),
    committedMinor: 0n,
  };
  const id = facts.text('trancheId');
  facts.require(!fund.closed, 'A layer is added after financial close.');
  facts.require(!fund.layers.has(id), `The layer ${id} is defined a second time.`);
  const layers = [...fund.layers.values(), layer].sort((a, b) => a.rank - b.rank);
  for (const [at, { rank, kind }] of layers.entries()) {
    const below = layers[at - 1];
    if (below === undefined) continue;
    facts.require(below.rank < rank, `Two layers have rank ${rank}.`);
    const isInOrder = SENIORITY.indexOf(below.kind) <= SENIORITY.indexOf(kind);
    facts.require(isInOrder, `A ${kind} layer at rank ${rank} loses after a ${below.kind} layer.`);
  }
  const capsMinor = layers.reduce((sum, { capMinor }) => sum + capMinor, 0n);
  facts.require(
    capsMinor <= fund.targetMinor,
    'The caps of the layers exceed the target of the fund.',
    `at most ${fund.targetMinor}`,
    capsMinor,
  );
  fund.layers.set(id, layer);
}

function subscribe(fund: FundBook, facts: Facts): void {
  const layer = layerOf(fund, facts);
  const deltaMinor = facts.minor('deltaMinor');
  const facilityId = facts.optional('facilityId');
  if (facilityId !== undefined) fund.facilityIds.add(facilityId);
  layer.committedMinor += deltaMinor;
  facts.require(deltaMinor !== 0n, 'A subscription of 0 changes nothing.');
  facts.require(
    layer.committedMinor >= 0n,
    'Less than nothing is committed to the layer.',
    undefined,
    layer.committedMinor,
  );
  facts.require(
    deltaMinor < 0n || layer.committedMinor <= layer.capMinor,
    'More is committed to the layer than its cap.',
    `at most ${layer.capMinor}`,
    layer.committedMinor,
  );
}

function pledge(fund: FundBook, facts: Facts): void {
  const { rank, kind } = layerOf(fund, facts);
  facts.requireSame(facts.count('trancheRank'), rank, 'The pledge names another rank than its layer has.');
  facts.requireSame(facts.text('trancheKind'), kind, 'The pledge names another kind than its layer has.');
  facts.requireSame(facts.text('currency'), fund.currency, 'The pledge is in another currency than the fund.');
}

function layerOf(fund: FundBook, facts: Facts): Layer {
  const layer = fund.layers.get(facts.text('trancheId'));
  facts.require(layer !== undefined, 'The fund has no such layer.', undefined, facts.text('trancheId'));
  return layer as Layer;
}

function call(fund: FundBook, facts: Facts): void {
  facts.require(fund.closed, 'Capital is called before financial close.');
  const issuedOn = facts.date('issuedOn');
  const { reachedOn = issuedOn } = fund;
  facts.require(issuedOn >= reachedOn, 'The call is dated before financial close.', `${reachedOn} or later`, issuedOn);
  const earliest = addBusinessDays(issuedOn, NOTICE_BUSINESS_DAYS_MIN);
  const dueOn = facts.date('dueOn');
  facts.require(dueOn >= earliest, 'The call is due too early.', `${earliest} or later`, dueOn);
}

/** How one contribution changes the sums of its facility. */
interface Changes {
  readonly kind: string;
  readonly unionMinor: bigint;
  readonly statesMinor: bigint;
}

function contribute(facility: FacilityBook, facts: Facts): Changes {
  const deltaMinor = facts.minor('deltaMinor');
  const [partnerKind, kind, currency] = [facts.text('partnerKind'), facts.text('kind'), facts.text('currency')];
  facility.currency ??= currency;
  facts.requireSame(currency, facility.currency, 'The contribution is in another currency.');
  const statesMinor = partnerKind === 'member-state' ? deltaMinor : 0n;
  const unionMinor = partnerKind === 'union' && kind !== 'in-kind' ? deltaMinor : 0n;
  facility.statesMinor += statesMinor;
  facility.statesMinorByKind.set(kind, (facility.statesMinorByKind.get(kind) ?? 0n) + statesMinor);
  facility.unionMinor += unionMinor;
  if (unionMinor > 0n && facility.kind === 'ai-gigafactory') checkCeiling(facility, facts);
  return { kind, unionMinor, statesMinor };
}

const matchingMinorOf = ({ statesMinor, statesMinorByKind }: FacilityBook, basis: MatchingBasis | undefined): bigint =>
  basis === undefined
    ? statesMinor
    : basis.kinds.reduce<bigint>((sum, kind) => sum + (statesMinorByKind.get(String(kind)) ?? 0n), 0n);

/**
 * After financial close no change makes the match worse than it has to be. A change is wrong only if it is wrong under every version of the
 * policy that may have been in force.
 */
function checkStillMatched(facility: FacilityBook, changes: Changes, bases: Bases, facts: Facts): void {
  const isAllowed = bases.some((basis) => {
    const isCounted = basis === undefined || basis.kinds.includes(changes.kind);
    const isWorse = changes.unionMinor > 0n || (isCounted && changes.statesMinor < 0n);
    return !isWorse || matchingMinorOf(facility, basis) >= facility.unionMinor;
  });
  const message = 'After financial close the Participating States do not match the Union any more (Art. 12b(5)).';
  const found = matchingMinorOf(facility, bases[0]);
  facts.require(isAllowed, message, `at least ${facility.unionMinor}`, found);
}

/** The version of the policy that the close names, which must be one that may have been in force. */
function statedBasis(facts: Facts, bases: Bases): MatchingBasis | undefined {
  const version = facts.data['matchingPolicyVersion'];
  const basis = bases.find((each) => each?.version === version);
  const isInForce = basis !== undefined || (version === undefined && bases.includes(undefined));
  const expected = bases.map((each) => (each === undefined ? 'none' : `version ${each.version}`)).join(' or ');
  facts.require(
    isInForce,
    'The close was decided under another policy on matching than was in force.',
    expected,
    version,
  );
  const kinds = JSON.stringify(facts.data['matchingKinds']);
  facts.requireSame(kinds, JSON.stringify(basis?.kinds), 'The close names other kinds than the policy on matching.');
  return basis;
}

function checkCeiling({ capexMinor, unionMinor }: FacilityBook, facts: Facts): void {
  facts.require(capexMinor !== undefined, 'The Union contributes to a gigafactory whose CAPEX nobody has stated.');
  const ceilingMinor = ((capexMinor ?? 0n) * UNION_PERCENT_MAX) / 100n;
  facts.require(
    unionMinor <= ceilingMinor,
    `The Union contributes more than ${UNION_PERCENT_MAX} % of the CAPEX of ${capexMinor} (Art. 12b(5)).`,
    `at most ${ceilingMinor}`,
    unionMinor,
  );
}

function checkMatching(id: string, facility: FacilityBook, line: Facts, basis: MatchingBasis | undefined): void {
  const { unionMinor, statesMinor, kind } = facility;
  for (const [name, own] of [
    ['unionMinor', unionMinor],
    ['statesMinor', statesMinor],
  ] as const) {
    line.requireSame(line.minor(name), own, `${name} of facility ${id} is not the sum of its contributions.`);
  }
  if (basis !== undefined) {
    const counted = `matchingMinor of facility ${id} is not the sum of the contributions that count.`;
    line.requireSame(line.minor('matchingMinor'), matchingMinorOf(facility, basis), counted);
  }
  if (kind !== 'ai-gigafactory') return;
  const message = `The Participating States do not match the Union at facility ${id} (Art. 12b(5)).`;
  const matchingMinor = matchingMinorOf(facility, basis);
  line.require(matchingMinor >= unionMinor, message, `at least ${unionMinor}`, matchingMinor);
  if (unionMinor > 0n) checkCeiling(facility, line);
}
