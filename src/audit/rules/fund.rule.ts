import { idOf } from '../../ledger/aggregate.js';
import { recordedSchema } from '../../ledger/event.js';
import { MS_PER_DAY } from '../../ledger/time.js';
import { addBusinessDays, type Calendar } from '../../domain/business-days.js';
import { notCovered, type EventOf, type TypeOf } from './coverage.js';
import { runCheck, Facts, type Rule } from './rule.js';
import type { Findings } from '../audit-finding.js';
import { Timeline } from './timeline.js';

/** Business days between the issue of a call and the day on which it is due, while no policy says otherwise. */
const NOTICE_BUSINESS_DAYS = 10;
/** The longest notice that a policy may ask for. */
const NOTICE_BUSINESS_DAYS_MAX = 250;
const PERCENT_MAX = 100;
/** Where no policy limits the share. */
const PERCENT_UNLIMITED = Infinity;
/**
 * The schema from which an event obeys a rule that did not hold before. An earlier event is no mistake.
 * `tranche-subscribed`: public money names its facility, and no partner lowers by itself what it has signed once the fund is closed.
 */
const SINCE_SCHEMA: Readonly<Partial<Record<TypeOf<'funds'>, number>>> = {
  'tranche-subscribed': 2,
  'commitment-pledged': 2,
  'distribution-paid': 2,
  /** What the Union gives in kind may count. */
  'contribution-recorded': 2,
  /** The close states which kinds match, and without a policy only the two forms of Art. 12b(5) do. */
  'financial-close-reached': 3,
};
const obeys = (event: EventOf<'funds'>): boolean => recordedSchema(event) >= (SINCE_SCHEMA[event.type] ?? 1);
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
  readonly financesGigafactories: boolean;
  /** Signed public money that names no facility, by commitment. */
  readonly unplacedMinor: Map<string, bigint>;
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
  unionInKindMinor: bigint;
  statesMinor: bigint;
  readonly statesMinorByKind: Map<string, bigint>;
}
/** The forms of a contribution that Art. 12b(5) names. */
const FINANCING = ['access-time-purchase', 'capex'];
/** All kinds: up to schema 2 of the close, they matched the Union while no policy said otherwise. */
const ALL_KINDS = [...FINANCING, 'in-kind'];
/** How contributions are counted, by versions of policies; no version stands for no policy. */
interface Basis {
  readonly version: number | undefined;
  readonly kinds: readonly unknown[];
}
interface InKind {
  readonly version: number | undefined;
  readonly isCounted: boolean;
}
/** Those that may have been in force when an event was decided. */
interface Possible {
  readonly bases: readonly Basis[];
  readonly inKind: readonly InKind[];
}
/** By kind of facility: percent of its CAPEX. */
type Shares = Readonly<Record<string, number>>;

/**
 * The money of funds and facilities. Memory grows with funds, layers and facilities, of which a programme has hundreds, and
 * not with the events about them.
 */
export class FundRule implements Rule<'funds'> {
  readonly check = 'funds';
  readonly statement =
    'No layer of a fund takes more than its cap, layers stand in order, no financial close is dated after its recording, capital ' +
    'is called and distributed after financial close, called on its stated day at the earliest and with the notice of the policy in force, or 10 ' +
    "business days; the Union pays at most 17 % of a gigafactory's CAPEX, matched by the Participating States under the policies in force, at " +
    'financial close and after it (Art. 12b(5)), and of another facility at most the share of the policy; its money and that of the states ' +
    'names its facility, unless the fund finances no gigafactory; no partner lowers by itself what it has signed after financial close.';
  private readonly notice = new Timeline<number>();
  private readonly calendars = new Timeline<Calendar>();
  private readonly shares = new Timeline<Shares>();
  private readonly inKind = new Timeline<InKind>();
  private readonly funds = new Map<string, FundBook>();
  private readonly facilities = new Map<string, FacilityBook>();
  private readonly matching = new Timeline<Basis>();
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
        return subscribe(fund, facts, obeys(event), event.actor.role);
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
        return this.pledge(this.fundOf(facts.text('fundId'), facts), event, facts);
      case 'capital-call-issued':
        return this.call(this.fundOf(facts.text('fundId'), facts), facts);
      case 'distribution-paid':
        if (!obeys(event)) return;
        return requireClosed(this.fundOf(facts.text('fundId'), facts), 'Money is distributed', facts);
      case 'decrease-requested':
        return requireClosed(this.fundOf(facts.text('fundId'), facts), 'A decrease is asked for', facts);
      default:
        return notCovered(type);
    }
  }

  private establish(id: string, facts: Facts): void {
    facts.require(!this.funds.has(id), 'The fund is established a second time.');
    const targetMinor = facts.positiveMinor('targetMinor');
    const currency = facts.text('currency');
    const financesGigafactories = facts.data['financesGigafactories'] !== false;
    const nothing = { layers: new Map(), facilityIds: new Set<string>(), unplacedMinor: new Map(), closed: false };
    this.funds.set(id, { currency, targetMinor, financesGigafactories, ...nothing });
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
      unionInKindMinor: 0n,
      statesMinor: 0n,
      statesMinorByKind: new Map(),
    });
  }

  private adopt(facts: Facts): void {
    const [version, fromMs] = [facts.count('version'), facts.instant('effectiveFrom')];
    switch (facts.text('policy')) {
      case 'matching-basis': {
        const kinds = new Facts(facts.place, facts.record('value')).list('kinds');
        return this.matching.add({ version, kinds }, fromMs);
      }
      case 'union-in-kind':
        return this.inKind.add({ version, isCounted: facts.text('value') === 'counted' }, fromMs);
      case 'union-share-maximum':
        return this.shares.add(sharesOf(facts), fromMs);
      case 'capital-call-notice':
        return this.notice.add(noticeOf(facts), fromMs);
      case 'business-day-calendar':
        return this.calendars.add(facts.text('value') === 'luxembourg' ? 'luxembourg' : 'brussels', fromMs);
    }
  }

  /** @param isOld whether the event is from before the forms of Art. 12b(5) alone matched, and before things in kind counted for the Union. */
  private possibleAt({ recordedAt }: EventOf<'funds'>, decidedFromMs: number, isOld: boolean): Possible {
    const toMs = Date.parse(recordedAt) + CLOCK_TOLERANCE_MS;
    const matching = { version: undefined, kinds: isOld ? ALL_KINDS : FINANCING };
    const inKind = { version: undefined, isCounted: true };
    return {
      bases: this.matching.within(decidedFromMs, toMs).map((basis) => basis ?? matching),
      inKind: isOld
        ? [{ version: undefined, isCounted: false }]
        : this.inKind.within(decidedFromMs, toMs).map((treatment) => treatment ?? inKind),
    };
  }

  private contribute(facility: FacilityBook, event: EventOf<'funds'>, facts: Facts, decidedFromMs: number): void {
    const { subscription } = this;
    const isClosed = subscription?.commandId === event.commandId && subscription.fund.closed;
    const possible = this.possibleAt(event, decidedFromMs, !obeys(event));
    const changes = contribute(facility, facts);
    const isRaise = changes.ofUnionMinor > 0n;
    if (isRaise && facility.kind === 'ai-gigafactory') checkCeiling(facility, changes, possible.inKind, facts);
    if (isRaise && facility.kind !== 'ai-gigafactory') {
      const toMs = Date.parse(event.recordedAt) + CLOCK_TOLERANCE_MS;
      checkShare(facility, changes, possible.inKind, this.shares.within(decidedFromMs, toMs), facts);
    }
    if (isClosed && facility.kind === 'ai-gigafactory') checkStillMatched(facility, changes, possible, facts);
  }

  private pledge(fund: FundBook, event: EventOf<'funds'>, facts: Facts): void {
    pledge(fund, facts);
    if (!obeys(event)) return;
    requirePlace(fund, facts);
    const facilityId = facts.optional('facilityId');
    const isGigafactory = facilityId !== undefined && this.facilityOf(facilityId, facts).kind === 'ai-gigafactory';
    facts.require(
      fund.financesGigafactories || !isGigafactory,
      'A fund that finances no gigafactory gets a pledge for one.',
    );
  }

  private call(fund: FundBook, facts: Facts): void {
    requireClosed(fund, 'Capital is called', facts);
    const issuedOn = facts.date('issuedOn');
    const { reachedOn = issuedOn } = fund;
    facts.require(
      issuedOn >= reachedOn,
      'The call is dated before financial close.',
      `${reachedOn} or later`,
      issuedOn,
    );
    // The policies in force on the day of the issue. The ledger decides on a call with all versions that stand before it in the log.
    const issuedMs = Date.parse(issuedOn);
    const days = this.notice.at(issuedMs) ?? NOTICE_BUSINESS_DAYS;
    const earliest = addBusinessDays(issuedOn, days, this.calendars.at(issuedMs) ?? 'brussels');
    const dueOn = facts.date('dueOn');
    facts.require(dueOn >= earliest, 'The call is due too early.', `${earliest} or later`, dueOn);
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
    const isOld = !obeys(event);
    if (!isOld) requireAllPlaced(fund, facts);
    const { bases, inKind } = this.possibleAt(event, decidedFromMs, isOld);
    const withoutPolicy = { version: undefined, kinds: ALL_KINDS };
    const hadDay = recordedSchema(event) >= REACHED_ON_SINCE_SCHEMA;
    const basis = statedBasis(facts, hadDay ? bases : [...bases, withoutPolicy]);
    const isCounted = statedTreatment(facts, inKind);
    for (const [id, line] of listed) checkMatching(id, this.facilityOf(id, facts), line, basis, isCounted);
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

/** The notice of the policy in business days, which stays within what the calendar counts. */
function noticeOf(facts: Facts): number {
  const days = new Facts(facts.place, facts.record('value')).count('businessDays');
  const isWithin = days >= 1 && days <= NOTICE_BUSINESS_DAYS_MAX;
  facts.require(isWithin, 'The notice is no number of business days.', `1 to ${NOTICE_BUSINESS_DAYS_MAX}`, days);
  return days;
}

function sharesOf(facts: Facts): Shares {
  const value = new Facts(facts.place, facts.record('value'));
  const shares = Object.keys(value.data).map((kind) => [kind, value.count(kind)] as const);
  const tooLarge = shares.find(([, percent]) => percent < 1 || percent > PERCENT_MAX);
  facts.require(tooLarge === undefined, 'The share is no percentage.', `1 to ${PERCENT_MAX}`, tooLarge?.[1]);
  return Object.fromEntries(shares);
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

function subscribe(fund: FundBook, facts: Facts, obeysNow: boolean, role: string): void {
  const layer = layerOf(fund, facts);
  const deltaMinor = facts.minor('deltaMinor');
  const facilityId = facts.optional('facilityId');
  if (facilityId !== undefined) fund.facilityIds.add(facilityId);
  layer.committedMinor += deltaMinor;
  place(fund, facts, deltaMinor);
  if (obeysNow && deltaMinor > 0n) requirePlace(fund, facts);
  if (obeysNow && deltaMinor < 0n) {
    const message = 'A partner lowers by its own key what it has signed, after financial close.';
    facts.require(!fund.closed || role === 'operator', message, 'operator', role);
  }
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

function requireClosed({ closed }: FundBook, what: string, facts: Facts): void {
  facts.require(closed, `${what} before financial close.`);
}

/** Money of the Union or of a state that Art. 12b(5) may be about: for CAPEX, for access time, or of a kind that nobody stated. */
const isUnplaced = ({ data }: Facts): boolean =>
  data['facilityId'] === undefined &&
  (data['partnerKind'] === 'union' || data['partnerKind'] === 'member-state') &&
  data['kind'] !== 'in-kind';

function place({ unplacedMinor }: FundBook, facts: Facts, deltaMinor: bigint): void {
  const id = facts.text('commitmentId');
  if (isUnplaced(facts)) unplacedMinor.set(id, (unplacedMinor.get(id) ?? 0n) + deltaMinor);
  else unplacedMinor.delete(id);
}

function requirePlace({ financesGigafactories }: FundBook, facts: Facts): void {
  const message = 'Public money names no facility, so that its ceiling and its match cannot be checked (Art. 12b(5)).';
  facts.require(!financesGigafactories || !isUnplaced(facts), message);
}

function requireAllPlaced({ financesGigafactories, unplacedMinor }: FundBook, facts: Facts): void {
  if (!financesGigafactories) return;
  const sumMinor = [...unplacedMinor.values()].reduce((sum, each) => (each > 0n ? sum + each : sum), 0n);
  facts.requireSame(sumMinor, 0n, 'Financial close is reached while public money names no facility (Art. 12b(5)).');
}

/** How one contribution changes the sums of its facility. */
interface Changes {
  readonly kind: string;
  /** Of the Union, of any kind. */
  readonly ofUnionMinor: bigint;
  readonly ofStatesMinor: bigint;
}

function contribute(facility: FacilityBook, facts: Facts): Changes {
  const deltaMinor = facts.minor('deltaMinor');
  const [partnerKind, kind, currency] = [facts.text('partnerKind'), facts.text('kind'), facts.text('currency')];
  facility.currency ??= currency;
  facts.requireSame(currency, facility.currency, 'The contribution is in another currency.');
  const ofStatesMinor = partnerKind === 'member-state' ? deltaMinor : 0n;
  const ofUnionMinor = partnerKind === 'union' ? deltaMinor : 0n;
  facility.statesMinor += ofStatesMinor;
  facility.statesMinorByKind.set(kind, (facility.statesMinorByKind.get(kind) ?? 0n) + ofStatesMinor);
  if (kind === 'in-kind') facility.unionInKindMinor += ofUnionMinor;
  else facility.unionMinor += ofUnionMinor;
  return { kind, ofUnionMinor, ofStatesMinor };
}

const matchingMinorOf = ({ statesMinorByKind }: FacilityBook, { kinds }: Basis): bigint =>
  kinds.reduce<bigint>((sum, kind) => sum + (statesMinorByKind.get(String(kind)) ?? 0n), 0n);

const unionMinorOf = ({ unionMinor, unionInKindMinor }: FacilityBook, isCounted: boolean): bigint =>
  isCounted ? unionMinor + unionInKindMinor : unionMinor;

/** What the Union adds counts, unless it is in kind and that does not count. */
const counts = ({ kind }: Changes, isCounted: boolean): boolean => kind !== 'in-kind' || isCounted;

/**
 * After financial close no change makes the match worse than it has to be. A change is wrong only if it is wrong under every version of the
 * policies that may have been in force.
 */
function checkStillMatched(facility: FacilityBook, changes: Changes, { bases, inKind }: Possible, facts: Facts): void {
  const isAllowed = bases.some((basis) =>
    inKind.some(({ isCounted }) => {
      const isWorseByStates = basis.kinds.includes(changes.kind) && changes.ofStatesMinor < 0n;
      const isWorse = (changes.ofUnionMinor > 0n && counts(changes, isCounted)) || isWorseByStates;
      return !isWorse || matchingMinorOf(facility, basis) >= unionMinorOf(facility, isCounted);
    }),
  );
  const message = 'After financial close the Participating States do not match the Union any more (Art. 12b(5)).';
  const [basis = { version: undefined, kinds: FINANCING }] = bases;
  const wanted = unionMinorOf(facility, inKind[0]?.isCounted ?? true);
  facts.require(isAllowed, message, `at least ${wanted}`, matchingMinorOf(facility, basis));
}

const nameOf = ({ version }: { readonly version: number | undefined }): string =>
  version === undefined ? 'none' : `version ${version}`;

/** The version of the policy on matching that the close names, which must be one that may have been in force. */
function statedBasis(facts: Facts, bases: readonly Basis[]): Basis {
  const version = facts.data['matchingPolicyVersion'];
  const basis = bases.find((each) => each.version === version);
  const expected = bases.map(nameOf).join(' or ');
  facts.require(
    basis !== undefined,
    'The close was decided under another policy on matching than was in force.',
    expected,
    version,
  );
  const kinds = JSON.stringify(facts.data['matchingKinds']);
  facts.requireSame(kinds, JSON.stringify(basis?.kinds), 'The close names other kinds than the policy on matching.');
  return basis as Basis;
}

/** Whether things of the Union in kind count by the version of the policy that the close names. */
function statedTreatment(facts: Facts, inKind: readonly InKind[]): boolean {
  const version = facts.data['unionInKindPolicyVersion'];
  const treatment = inKind.find((each) => each.version === version);
  const message = "The close was decided under another policy on the Union's contributions in kind than was in force.";
  facts.require(treatment !== undefined, message, inKind.map(nameOf).join(' or '), version);
  const isCounted = treatment?.isCounted === true;
  const expected = isCounted ? 'counted' : 'not-counted';
  facts.requireSame(
    facts.text('unionInKind'),
    expected,
    'The close counts the Union in kind in another way than the policy.',
  );
  return isCounted;
}

function checkCeiling(facility: FacilityBook, changes: Changes, inKind: readonly InKind[], facts: Facts): void {
  // It counts under no version that may have been in force, so that it has no ceiling; or its sum must fit under one of them.
  const counted = inKind.filter(({ isCounted }) => counts(changes, isCounted));
  if (counted.length < inKind.length) return;
  requireShare(facility, UNION_PERCENT_MAX, counted, facts, ' (Art. 12b(5))');
}

function checkShare(
  facility: FacilityBook,
  changes: Changes,
  inKind: readonly InKind[],
  shares: readonly (Shares | undefined)[],
  facts: Facts,
): void {
  const counted = inKind.filter(({ isCounted }) => counts(changes, isCounted));
  const percents = shares.map((share) => share?.[facility.kind] ?? PERCENT_UNLIMITED);
  const percent = Math.max(...percents);
  if (counted.length < inKind.length || percent === PERCENT_UNLIMITED) return;
  requireShare(facility, BigInt(percent), counted, facts, ', by the policy union-share-maximum');
}

function requireShare(
  facility: FacilityBook,
  percent: bigint,
  inKind: readonly Pick<InKind, 'isCounted'>[],
  facts: Facts,
  why: string,
): void {
  const { capexMinor, kind } = facility;
  const what = kind === 'ai-gigafactory' ? 'a gigafactory' : `a facility of the kind ${kind}`;
  facts.require(capexMinor !== undefined, `The Union contributes to ${what} whose CAPEX nobody has stated.`);
  const ceilingMinor = ((capexMinor ?? 0n) * percent) / 100n;
  const isWithin = inKind.some(({ isCounted }) => unionMinorOf(facility, isCounted) <= ceilingMinor);
  facts.require(
    isWithin,
    `The Union contributes more than ${percent} % of the CAPEX of ${capexMinor}${why}.`,
    `at most ${ceilingMinor}`,
    unionMinorOf(facility, inKind[0]?.isCounted ?? true),
  );
}

function checkMatching(id: string, facility: FacilityBook, line: Facts, basis: Basis, isCounted: boolean): void {
  const unionMinor = unionMinorOf(facility, isCounted);
  for (const [name, own] of [
    ['unionMinor', unionMinor],
    ['statesMinor', facility.statesMinor],
  ] as const) {
    line.requireSame(line.minor(name), own, `${name} of facility ${id} is not the sum of its contributions.`);
  }
  const matchingMinor = matchingMinorOf(facility, basis);
  const counted = `matchingMinor of facility ${id} is not the sum of the contributions that count.`;
  line.requireSame(line.minor('matchingMinor'), matchingMinor, counted);
  if (facility.kind !== 'ai-gigafactory') return;
  const message = `The Participating States do not match the Union at facility ${id} (Art. 12b(5)).`;
  line.require(matchingMinor >= unionMinor, message, `at least ${unionMinor}`, matchingMinor);
  if (unionMinor > 0n) requireShare(facility, UNION_PERCENT_MAX, [{ isCounted }], line, ' (Art. 12b(5))');
}
