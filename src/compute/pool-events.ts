import { nobody } from '../ledger/aggregate.js';
import { currency } from '../domain/currencies.js';
import {
  amountMinor,
  date,
  id,
  instant,
  list,
  object,
  oneOf,
  optional,
  text,
  whole,
  type ValueOf,
} from '../ledger/schema.js';
import { CATEGORIES } from '../partners/partner.js';

/** Access time is directly proportional to the financial contributions to the CAPEX, or to the purchase. */
export const PROPORTION_CLAUSE = '2021/1173 Art. 12b(13)' as const;
/** Access time that a Member State gives becomes access time of the Union, and is no contribution. */
export const DONATION_CLAUSE = '2021/1173 Art. 12b(10)' as const;
/** The residual value at the transfer of ownership becomes access time of the Union. */
export const OWNERSHIP_CLAUSE = '2021/1173 Art. 12b(12)' as const;
/** Preferential access of undertakings that financed at least 10 % of the investment costs. */
export const PREFERENCE_CLAUSE = '651/2014 Art. 26(4)' as const;
/** Commercial use of supercomputers is limited to a part of the access time of the Union. */
export const COMMERCIAL_CLAUSE = '2021/1173 Arts. 17, 18' as const;
/** Computing resources are reserved for Union-funded research and innovation. */
export const RESERVED_CLAUSE = '2021/1173 Art. 12b(15)(c)' as const;

/** What chips count in: the category of their user, or the class of Union-funded projects (Art. 12b(15)(c)). */
export const PROTECTIONS = ['category', 'union-funded'] as const;
export type Protection = (typeof PROTECTIONS)[number];

/** The classes that floors and caps are for. */
export const QUOTA_CLASSES = [...CATEGORIES, 'union-funded'] as const;
export type QuotaClass = (typeof QUOTA_CLASSES)[number];

export const POOL_OWNERS = ['union', 'member-state', 'private', 'consortium'] as const;
export type PoolOwner = (typeof POOL_OWNERS)[number];

/** Where the hours of a pool come from. */
export const POOL_BASES = ['capex', 'purchase', 'donation', 'residual-value', 'preferential'] as const;
export type PoolBasis = (typeof POOL_BASES)[number];

/** Which amounts the hours are proportional to. The law does not say; it is the policy `entitlement-basis`. */
export const ENTITLEMENT_BASES = ['committed', 'paid'] as const;

export const RESIDUAL_FORMULA = 'floor(residualMinor * availableUnitHours / capexMinor)';

export const operationsStart = object({
  on: date('First day of operations. The five years of Art. 12b(12) count from it.'),
  evidenceRef: text(),
});

export const accessPool = object({
  poolId: id(),
  owner: oneOf(POOL_OWNERS),
  partnerId: optional(id('The state or the private partner whose hours they are.')),
  basis: oneOf(POOL_BASES),
});
export type PoolFacts = ValueOf<typeof accessPool>;

const entitlementLine = object({
  poolId: id(),
  contributionMinor: amountMinor('What the owner of the pool contributes; for the consortium, the rest of the CAPEX.'),
  unitHours: whole(),
});
export type EntitlementLine = ValueOf<typeof entitlementLine>;

/** The half-open period that hours are counted in. */
const period = {
  periodFrom: instant(),
  periodTo: instant('First instant after the period.'),
};

export const entitlement = object({
  ...period,
  unit: text('What a unit-hour is. The policy chip-equivalence converts chip-hours into it.'),
  availableUnitHours: whole('All hours of the facility in the period. The lines add up to them exactly.', 1),
  capexMinor: amountMinor(),
  currency: currency(),
  basis: oneOf(ENTITLEMENT_BASES),
  policyVersion: whole('Version of the policy entitlement-basis in force.', 1),
  lines: list(entitlementLine, 'In order of pool id.'),
});
export type EntitlementFacts = ValueOf<typeof entitlement>;

export const donation = object({
  fromPoolId: id(),
  unionPoolId: id(),
  partnerId: id('The Member State that gives the time.'),
  unitHours: whole(undefined, 1),
  from: instant(),
  to: instant('First instant after the interval in which the hours can be used.'),
  ...period,
  arrangementRef: text('The administrative arrangement.'),
});
export type DonationFacts = ValueOf<typeof donation>;

export const ownershipTransfer = object({
  on: date('Day of the transfer.'),
  residualMinor: amountMinor('Residual value of the part that the Joint Undertaking owned.'),
  valuationRef: text(),
  ...period,
  capexMinor: amountMinor(),
  availableUnitHours: whole('All hours of the facility in the period.', 1),
  formula: oneOf([RESIDUAL_FORMULA], 'How `unitHours` follows.'),
  unitHours: whole('Hours that the pool of the Union gets in the period.'),
  unionPoolId: id(),
  approvalId: optional(id()),
});
export type OwnershipFacts = ValueOf<typeof ownershipTransfer>;

export const preferentialAccess = object({
  partnerId: id(),
  ...period,
  contributionMinor: amountMinor(),
  capexMinor: amountMinor(),
  sharePpm: whole('Share of the investment costs that the partner financed, in parts per million, rounded down.'),
  unitHours: whole('At most in proportion to the share.', 1),
  conditionsRef: text('Where the conditions are published.'),
});
export type PreferenceFacts = ValueOf<typeof preferentialAccess>;

interface Of<Data> {
  readonly data: Data;
}

const periodOf = ({ periodFrom, periodTo }: { readonly periodFrom: string; readonly periodTo: string }): string =>
  `from ${periodFrom} until ${periodTo}`;

/** What the events about the hours of a facility hold and say. */
export const poolEvents = {
  'operations-started': {
    schema: 1,
    data: operationsStart,
    concerns: nobody,
    says: ({ data }: Of<ValueOf<typeof operationsStart>>) =>
      `The facility started operations on ${data.on}. Evidence: ${data.evidenceRef}`,
  },
  'access-pool-defined': {
    schema: 1,
    data: accessPool,
    concerns: ({ data }: Of<PoolFacts>) => (data.partnerId === undefined ? [] : [data.partnerId]),
    clauses: [PROPORTION_CLAUSE],
    says: ({ data }: Of<PoolFacts>) =>
      `The access pool ${data.poolId} (${data.owner}, ${data.basis}) was defined` +
      `${data.partnerId === undefined ? '' : ` for partner ${data.partnerId}`}.`,
  },
  'entitlement-set': {
    schema: 1,
    data: entitlement,
    concerns: nobody,
    clauses: [PROPORTION_CLAUSE],
    says: ({ data }: Of<EntitlementFacts>) =>
      `${data.availableUnitHours} unit-hours (${data.unit}) ${periodOf(data)} are divided between ${data.lines.length} ` +
      `access pools in proportion to the ${data.basis} contributions.`,
  },
  'access-time-donated': {
    schema: 1,
    data: donation,
    concerns: ({ data }: Of<DonationFacts>) => [data.partnerId],
    clauses: [DONATION_CLAUSE],
    says: ({ data }: Of<DonationFacts>) =>
      `Member State ${data.partnerId} gives the Union ${data.unitHours} unit-hours of its access time from ${data.from} ` +
      `until ${data.to}. They are no contribution. Arrangement: ${data.arrangementRef}`,
  },
  'ownership-transferred': {
    schema: 1,
    data: ownershipTransfer,
    concerns: nobody,
    clauses: [OWNERSHIP_CLAUSE],
    says: ({ data }: Of<OwnershipFacts>) =>
      `The consortium took over the Union's part of the infrastructure on ${data.on}. Its residual value of ` +
      `${data.residualMinor} minor units becomes ${data.unitHours} unit-hours of the Union ${periodOf(data)}.`,
  },
  'preferential-access-set': {
    schema: 1,
    data: preferentialAccess,
    concerns: ({ data }: Of<PreferenceFacts>) => [data.partnerId],
    clauses: [PREFERENCE_CLAUSE],
    says: ({ data }: Of<PreferenceFacts>) =>
      `Partner ${data.partnerId} financed ${data.sharePpm} parts per million of the investment costs and has preferential ` +
      `access to ${data.unitHours} unit-hours ${periodOf(data)}. Conditions: ${data.conditionsRef}`,
  },
} as const;
