// Published reports of method 1.0 depend on this file: before a change, copy the old behaviour into `transparency/method-1`.

import { idOf, unknownEvent, type DomainEvent, type Aggregate } from '../ledger/aggregate.js';
import { CATEGORIES, type Category } from '../domain/categories.js';
import { country } from '../domain/countries.js';
import { above0, date, flag, id, object, oneOf, optional, text, type Schema, type ValueOf } from '../ledger/schema.js';
import { decided, fromThenOn, inForceAt, type Dated, type Timeline } from '../domain/timeline.js';

export { CATEGORIES, type Category };

export const LEGAL_FORMS = [
  'union',
  'member-state',
  'public-bank',
  'company',
  'university',
  'research-organisation',
  'public-body',
  'consortium',
] as const;
export type LegalForm = (typeof LEGAL_FORMS)[number];

/** Kind of money in the capital tables. */
export const PARTNER_KINDS = ['union', 'member-state', 'public-bank', 'private'] as const;
export type PartnerKind = (typeof PARTNER_KINDS)[number];

/**
 * Recommendation 2003/361/EC, Annex, Art. 3(2) and (3): a partner enterprise holds 25 to 50 %, a linked enterprise
 * holds the majority.
 */
export const AFFILIATION_KINDS = ['linked', 'partner'] as const;
export type AffiliationKind = (typeof AFFILIATION_KINDS)[number];

const registered = object({
  legalName: text(),
  country: country('The country in which the partner is established.'),
  legalForm: oneOf(LEGAL_FORMS),
  lei: optional(text('Legal entity identifier, ISO 17442.')),
  registeredOn: optional(date('Day of the registration of the legal entity, not of the partner in this ledger.')),
  source: optional(text('Where the partner was published.')),
  illustrative: optional(flag('True for an invented partner.')),
});

/** All facts about a partner after its registration are dated. */
const dated = { effectiveFrom: date('The fact takes effect at the first instant of this day, UTC.') };

const classification = object({
  ...dated,
  category: oneOf(CATEGORIES),
  basis: text('The rule that the category is based on, e.g. `Recommendation 2003/361/EC`.'),
  evidenceRef: text('Place of the evidence. For `tech-giant`: the reference of the designation decision.'),
});
export type Classification = ValueOf<typeof classification>;

const holding = {
  ...dated,
  kind: oneOf(AFFILIATION_KINDS),
  percent: above0(100, "Percent of this partner's capital or votes."),
};
const holdingSchema = object(holding);
export type Holding = ValueOf<typeof holdingSchema>;

const other = { otherPartnerId: id('The holder of the share.') };
const affiliation = object({ ...holding, ...other });
const endOfAffiliation = object({ ...dated, ...other });

const acquisition = object({ ...dated, acquirerId: id('The partner that controls this one from then on.') });
export type Acquisition = ValueOf<typeof acquisition>;

interface Fact<Type extends string, Data extends Schema<object>> extends DomainEvent {
  readonly type: Type;
  readonly data: ValueOf<Data>;
}

export type PartnerRegistered = Fact<'partner-registered', typeof registered>;
export type PartnerClassified = Fact<'partner-classified', typeof classification>;
export type AffiliationRecorded = Fact<'affiliation-recorded', typeof affiliation>;
export type AffiliationEnded = Fact<'affiliation-ended', typeof endOfAffiliation>;
export type PartnerAcquired = Fact<'partner-acquired', typeof acquisition>;
export type PartnerEvent =
  PartnerRegistered | PartnerClassified | AffiliationRecorded | AffiliationEnded | PartnerAcquired;

/** The end of a share. */
type Ended = Dated & { readonly kind: 'ended' };

/** The dated facts about a partner: its categories and its owners. */
export interface PartnerFacts {
  readonly classifications: Timeline<Classification>;
  /** By the id of the holder. */
  readonly holdings: ReadonlyMap<string, Timeline<Holding | Ended>>;
  readonly acquisitions: Timeline<Acquisition>;
}

/** The facts of a partner with no dated fact yet. */
export const NO_FACTS: PartnerFacts = { classifications: [], holdings: new Map(), acquisitions: [] };

export interface RegisteredPartner extends PartnerFacts {
  readonly status: 'registered';
  readonly profile: PartnerRegistered['data'];
}

interface Absent {
  readonly status: 'absent';
}

export type Partner = Absent | RegisteredPartner;

const NAME = 'partner';
const partnerOf = (stream: string): string => idOf(stream, NAME);

export const partner: Aggregate<Partner, PartnerEvent> = {
  name: NAME,
  initial: { status: 'absent' },
  events: {
    'partner-registered': {
      schema: 1,
      data: registered,
      concerns: ({ stream }) => [partnerOf(stream)],
      says: ({ data }) => `${data.legalName} (${data.country}, ${data.legalForm}) was registered as a partner.`,
    },
    'partner-classified': {
      schema: 1,
      data: classification,
      concerns: ({ stream }) => [partnerOf(stream)],
      says: ({ data }) => `From ${data.effectiveFrom} on, the partner counts as ${data.category} (${data.basis}).`,
    },
    'affiliation-recorded': {
      schema: 1,
      data: affiliation,
      concerns: ({ stream, data }) => [partnerOf(stream), data.otherPartnerId],
      says: ({ data }) =>
        `From ${data.effectiveFrom} on, partner ${data.otherPartnerId} holds ${data.percent} % of this partner (${data.kind}).`,
    },
    'affiliation-ended': {
      schema: 1,
      data: endOfAffiliation,
      concerns: ({ stream, data }) => [partnerOf(stream), data.otherPartnerId],
      says: ({ data }) =>
        `From ${data.effectiveFrom} on, partner ${data.otherPartnerId} holds no part of this partner any more.`,
    },
    'partner-acquired': {
      schema: 1,
      data: acquisition,
      concerns: ({ stream, data }) => [partnerOf(stream), data.acquirerId],
      says: ({ data }) => `From ${data.effectiveFrom} on, partner ${data.acquirerId} controls this partner.`,
    },
  },
  evolve,
  exists: (state) => state.status !== 'absent',
};

function evolve(state: Partner, event: PartnerEvent): Partner {
  if (event.type === 'partner-registered') {
    return { status: 'registered', profile: event.data, ...NO_FACTS };
  }
  if (state.status === 'absent') throw new Error(`A partner's stream begins with "${event.type}".`);
  return { ...state, ...factsAfter(state, event) };
}

export type PartnerFactsEvent = Exclude<PartnerEvent, PartnerRegistered>;

export function factsAfter(facts: PartnerFacts, event: PartnerFactsEvent): PartnerFacts {
  const { classifications, holdings, acquisitions } = facts;
  switch (event.type) {
    case 'partner-classified':
      return { classifications: decided(classifications, event.data), holdings, acquisitions };
    case 'affiliation-recorded': {
      const { otherPartnerId, ...holding } = event.data;
      return { classifications, holdings: withHolding(holdings, otherPartnerId, holding), acquisitions };
    }
    case 'affiliation-ended': {
      const { otherPartnerId, effectiveFrom } = event.data;
      const ended = { kind: 'ended', effectiveFrom } as const;
      return { classifications, holdings: withHolding(holdings, otherPartnerId, ended), acquisitions };
    }
    case 'partner-acquired':
      return { classifications, holdings, acquisitions: decided(acquisitions, event.data) };
    default:
      return unknownEvent('partner', event);
  }
}

function withHolding(
  holdings: RegisteredPartner['holdings'],
  holderId: string,
  change: Holding | Ended,
): RegisteredPartner['holdings'] {
  return new Map(holdings).set(holderId, decided(holdings.get(holderId) ?? [], change));
}

const isAbsent = (state: PartnerFacts | Absent): state is Absent => 'status' in state && state.status === 'absent';

/** The category in force at an instant; undefined when the partner had none by then. */
export function categoryAt(state: PartnerFacts | Absent, instant: string): Category | undefined {
  return isAbsent(state) ? undefined : inForceAt(state.classifications, instant)?.category;
}

/** Shares of this partner at an instant, by holder. */
export function holdingsAt(state: PartnerFacts | Absent, instant: string): ReadonlyMap<string, Holding> {
  const held = new Map<string, Holding>();
  if (isAbsent(state)) return held;
  for (const [holderId, timeline] of state.holdings) {
    const holding = inForceAt(timeline, instant);
    if (holding !== undefined && holding.kind !== 'ended') held.set(holderId, holding);
  }
  return held;
}

/**
 * The owner that controls this partner at an instant: the acquirer in force, else the holder of the majority, of which
 * there can be only one. Undefined if the partner has no such owner. `ultimateParentAt` in `ownership.ts` finds the
 * owner at the top.
 */
export function parentAt(state: PartnerFacts | Absent, instant: string): string | undefined {
  if (isAbsent(state)) return undefined;
  const acquisition = inForceAt(state.acquisitions, instant);
  if (acquisition !== undefined) return acquisition.acquirerId;
  for (const [holderId, { kind }] of holdingsAt(state, instant)) if (kind === 'linked') return holderId;
  return undefined;
}

/** All partners that hold a share of this partner or have acquired it, at an instant or at any later recorded time. */
export function ownersFrom(state: PartnerFacts | Absent, instant: string): ReadonlySet<string> {
  if (isAbsent(state)) return new Set();
  const owners = new Set(fromThenOn(state.acquisitions, instant).map(({ acquirerId }) => acquirerId));
  for (const [holderId, timeline] of state.holdings) {
    if (fromThenOn(timeline, instant).some(({ kind }) => kind !== 'ended')) owners.add(holderId);
  }
  return owners;
}

/**
 * Kind of money that a partner of this legal form brings. Only three forms are public finance; the others are private
 * (12b(5)).
 */
export function partnerKindOf(legalForm: LegalForm): PartnerKind {
  switch (legalForm) {
    case 'union':
    case 'member-state':
    case 'public-bank':
      return legalForm;
    case 'company':
    case 'university':
    case 'research-organisation':
    case 'public-body':
    case 'consortium':
      return 'private';
  }
}
