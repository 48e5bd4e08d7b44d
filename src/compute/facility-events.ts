import { ACCESS_USES } from '../domain/free-access.js';
import { MODES } from '../domain/access-modes.js';
import { FACILITY_KINDS, type FacilityKind } from '../domain/facility-kinds.js';
import { COMMITMENT_KINDS } from '../domain/commitment-kinds.js';
import { moneyOf } from '../domain/money.js';
import { itsPartner, nobody, upcast, type DomainEvent, type EventDeclarations } from '../ledger/aggregate.js';
import { currency } from '../domain/currencies.js';
import { country } from '../domain/countries.js';
import {
  amountMinor,
  date,
  flag,
  id,
  instant,
  nullable,
  object,
  oneOf,
  optional,
  some,
  text,
  whole,
  type Schema,
  type ValueOf,
} from '../ledger/schema.js';
import { CATEGORIES, PARTNER_KINDS } from '../partners/partner.js';
import { UNION_CLAUSE } from './compute.refusals.js';
import {
  accessPool,
  donation,
  entitlement,
  operationsStart,
  ownershipTransfer,
  poolEvents,
  PROTECTIONS,
  preferentialAccess,
  PROPORTION_CLAUSE,
  QUOTA_CLASSES,
} from './pool-events.js';
import { yearlyEvents, yearlySubmission } from './yearly-events.js';

export { FACILITY_KINDS, type FacilityKind };

const description = object({
  name: text(),
  country: country(),
  kind: oneOf(FACILITY_KINDS),
  operatorPartnerId: optional(id('The partner that operates the facility.')),
  hostStatePartnerId: optional(id('The Participating State in which it stands.')),
  capexMinor: optional(
    amountMinor('Capital expenditure on the computing infrastructure. The 17 % of 12b(5) are a part of this amount.'),
  ),
  currency: optional(currency()),
  source: optional(text('Where the facility was published.')),
  illustrative: optional(flag('True for a made-up facility.')),
});
export type FacilityDescription = ValueOf<typeof description>;

/** The change of one commitment to the facility by its signature, an amendment or its cancellation. */
const change = {
  commitmentId: id(),
  partnerId: id(),
  partnerKind: oneOf(PARTNER_KINDS),
  kind: oneOf(COMMITMENT_KINDS),
  deltaMinor: amountMinor('Negative for a decrease.'),
  currency: currency(),
};
/** Schema 1 had no day of the signature, and what the Union gave in kind never counted against its ceiling. */
const contributionV1 = object(change);
const contribution = object({
  ...change,
  signedOn: nullable(date('When the commitment was signed; null if it was recorded before the day was stated.')),
});
export type ContributionFacts = ValueOf<typeof contribution>;

const capacity = object({ chipModel: text(), chips: whole(), effectiveFrom: instant() });
export type CapacityFacts = ValueOf<typeof capacity>;

const quotaOf = <Class extends string>(classes: readonly Class[]) =>
  object({
    chipModel: text(),
    version: whole('Counted for the chip model at this facility.', 1),
    floors: some(classes, whole(), 'Chips kept for a class of users, whether it uses them or not.'),
    caps: some(classes, whole(), 'The most chips that a class of users may use.'),
    effectiveFrom: instant(),
    reason: text(),
  });
/** Before Union-funded projects had a class of their own. */
const quotaV1 = quotaOf(CATEGORIES);
const quota = quotaOf(QUOTA_CLASSES);
export type QuotaFacts = ValueOf<typeof quota>;

/** A release repeats these facts, so that a report folds each event without a look-up. */
const allocatedV1 = {
  allocationId: id(),
  grantId: id(),
  partnerId: id(),
  category: oneOf(CATEGORIES, 'Category of the partner at the submission of its request.'),
  country: country(),
  mode: oneOf(MODES),
  chipModel: text(),
  chips: whole(),
  from: instant(),
  to: instant('First instant after the allocation; in a release, as it was before.'),
};
const allocationV1 = object(allocatedV1);
const allocated = {
  ...allocatedV1,
  protection: oneOf(PROTECTIONS, 'The class of the floors and caps that the chips count in. Art. 12b(15)(c).'),
  poolId: optional(id('The access pool whose hours are used. A facility without pools has none.')),
  unitThousandths: optional(
    whole('With a pool: thousandths of a unit-hour that one chip-hour counts, by the policy chip-equivalence.', 1),
  ),
  use: optional(oneOf(ACCESS_USES, 'The use that the grant states.')),
};
const allocation = object(allocated);
export type AllocationFacts = ValueOf<typeof allocation>;

const released = {
  at: instant('The chips are free from then on. If it is not after `from`, the whole allocation is released.'),
  reason: text(),
};
const releaseV1 = object({ ...allocatedV1, ...released });
const release = object({ ...allocated, ...released });
export type ReleaseFacts = ValueOf<typeof release>;

/** Repeats the facts of the allocation as they are at that position, for the same reason as a release. */
const poolAssignment = object({
  ...allocated,
  poolId: id('The access pool whose hours the allocation used.'),
  unitThousandths: whole('Thousandths of a unit-hour that one chip-hour counts.', 1),
  evidenceRef: text('Where it is recorded whose hours were used.'),
});
export type PoolAssignmentFacts = ValueOf<typeof poolAssignment>;

interface Fact<Type extends string, Data extends Schema<object>> extends DomainEvent {
  readonly type: Type;
  readonly data: ValueOf<Data>;
}

export type QuotaPolicyAdopted = Fact<'quota-policy-adopted', typeof quota>;
export type YearlySubmitted = Fact<'yearly-submitted', typeof yearlySubmission>;
export type FacilityEvent =
  | Fact<'facility-registered', typeof description>
  | Fact<'contribution-recorded', typeof contribution>
  | Fact<'capacity-installed', typeof capacity>
  | Fact<'capacity-retired', typeof capacity>
  | QuotaPolicyAdopted
  | Fact<'chips-allocated', typeof allocation>
  | Fact<'allocation-released', typeof release>
  | Fact<'pool-assigned', typeof poolAssignment>
  | Fact<'operations-started', typeof operationsStart>
  | Fact<'access-pool-defined', typeof accessPool>
  | Fact<'entitlement-set', typeof entitlement>
  | Fact<'access-time-donated', typeof donation>
  | Fact<'ownership-transferred', typeof ownershipTransfer>
  | Fact<'preferential-access-set', typeof preferentialAccess>
  | YearlySubmitted;

/** An event of one type. */
export type FacilityFact<Type extends FacilityEvent['type']> = Extract<FacilityEvent, { readonly type: Type }>;

/** Before pools: the chips counted in the category of their user. */
const inCategory = <Facts extends object>(facts: Facts) => ({ ...facts, protection: 'category' as const });

/** What each event of a facility holds, whom it concerns, and what it says. */
export const facilityEvents: EventDeclarations<FacilityEvent> = {
  'facility-registered': {
    // Schema 2 has the same members. From it on the facility is in the territory of its hosting state.
    schema: 2,
    data: description,
    concerns: ({ data }) => [data.operatorPartnerId ?? [], data.hostStatePartnerId ?? []].flat(),
    says: ({ data }) => `The facility "${data.name}" (${data.kind}) in ${data.country} was registered.`,
    upcasts: { 1: upcast(description, (data) => data) },
  },
  'contribution-recorded': {
    schema: 2,
    data: contribution,
    concerns: itsPartner,
    clauses: [UNION_CLAUSE],
    says: ({ data }) =>
      `Commitment ${data.commitmentId} changes the ${data.partnerKind} contribution to the facility by ` +
      `${moneyOf(data, data.deltaMinor)}.`,
    upcasts: { 1: upcast(contributionV1, (data) => ({ ...data, signedOn: null })) },
  },
  'capacity-installed': {
    schema: 1,
    data: capacity,
    concerns: nobody,
    says: ({ data }) =>
      `${data.chips} more chips of the model ${data.chipModel} are installed from ${data.effectiveFrom} on.`,
  },
  'capacity-retired': {
    schema: 1,
    data: capacity,
    concerns: nobody,
    says: ({ data }) => `${data.chips} chips of the model ${data.chipModel} are retired from ${data.effectiveFrom} on.`,
  },
  'quota-policy-adopted': {
    schema: 2,
    data: quota,
    upcasts: { 1: upcast(quotaV1, (facts) => facts) },
    concerns: nobody,
    says: ({ data }) =>
      `Version ${data.version} of the floors and caps for the chip model ${data.chipModel} holds from ` +
      `${data.effectiveFrom} on. Reason: ${data.reason}`,
  },
  'chips-allocated': {
    schema: 2,
    data: allocation,
    upcasts: { 1: upcast(allocationV1, inCategory) },
    concerns: itsPartner,
    says: ({ data }) =>
      `${data.chips} chips of the model ${data.chipModel} are allocated to partner ${data.partnerId} from ` +
      `${data.from} until ${data.to}.`,
  },
  'allocation-released': {
    schema: 2,
    data: release,
    upcasts: { 1: upcast(releaseV1, inCategory) },
    concerns: itsPartner,
    says: ({ data }) =>
      `Allocation ${data.allocationId} releases its ${data.chips} chips from ${data.at} on. Reason: ${data.reason}.`,
  },
  'pool-assigned': {
    schema: 1,
    data: poolAssignment,
    concerns: itsPartner,
    clauses: [PROPORTION_CLAUSE],
    says: ({ data }) =>
      `Allocation ${data.allocationId}, which had no access pool, used hours of pool ${data.poolId}. Evidence: ${data.evidenceRef}`,
  },
  ...poolEvents,
  ...yearlyEvents,
};
