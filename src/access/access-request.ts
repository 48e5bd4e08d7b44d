import { MODES, type Mode } from '../domain/access-modes.js';
import {
  ACCESS_CLASSES,
  ACCESS_USES,
  FREE_REASONS,
  FUNDING_PROGRAMMES,
  type AccessUse,
} from '../domain/free-access.js';
import { itsPartner, unknownEvent, upcast, type DomainEvent, type Aggregate } from '../ledger/aggregate.js';
import { country } from '../domain/countries.js';
import {
  flag,
  id,
  instant,
  list,
  object,
  oneOf,
  optional,
  reasonCode,
  text,
  whole,
  type Schema,
  type ValueOf,
} from '../ledger/schema.js';
import { CATEGORIES, type Category } from '../partners/partner.js';
import { ELIGIBLE_COUNTRY_CLAUSE } from './access.refusals.js';
import { FREE_ACCESS_CLAUSE, OPEN_FRONTIER_CLAUSE } from './grant.refusals.js';

/** The facts of a request that every later event of it repeats. */
const application = {
  callId: id(),
  facilityId: id(),
  mode: oneOf(MODES),
  partnerId: id(),
  ultimateParentId: id(
    'Partner at the top of acquisitions and majority holdings at the submission; the partner itself if it has no such owner.',
  ),
  category: oneOf(CATEGORIES, 'Category in force at the submission. A later classification does not change it.'),
  country: country('Country in which the applicant is established.'),
  chipHoursRequested: whole(),
  submittedAt: instant(),
};
const applicationSchema = object(application);
export type Application = ValueOf<typeof applicationSchema>;

export const PRICE_BASES = ['free', 'pay-per-use'] as const;
export type PriceBasis = (typeof PRICE_BASES)[number];

const reasonCodes = list(reasonCode(), 'Why it was decided so.');
const submitted = object({
  ...application,
  sector: text(),
  submittedBy: text('The key, or the partner that the key is bound to. This actor never decides the request.'),
  illustrative: optional(flag('True for a made-up request.')),
});
const withdrawn = object({ ...application, reason: optional(text()), withdrawnAt: instant() });
const checked = object({ ...application, reasonCodes, checkedAt: instant() });
const award = {
  ...application,
  chipHours: whole('At most the requested ones.'),
  priceBasis: oneOf(PRICE_BASES),
  reasonCodes,
  validFrom: instant(),
  validTo: instant('First instant at which the grant is over.'),
  decidedAt: instant(),
};
const grantedV1 = object(award);
/** The Union programme that funds a project, and the number of its grant agreement. */
const funding = object(
  { programme: oneOf(FUNDING_PROGRAMMES), grantNumber: text('Number of the grant agreement.') },
  'The project is research or innovation that a Union programme funds.',
);
export type Funding = ValueOf<typeof funding>;
const granted = object({
  ...award,
  poolId: optional(id('The pool of access time from which the hours come.')),
  freeReason: optional(
    oneOf(FREE_REASONS, 'Why the access is free of charge. Free access has it, paid access has not.'),
  ),
  freeEvidenceRef: optional(text('Where the evidence for the reason is kept.')),
  funding: optional(funding),
  sealOfExcellenceRef: optional(text('Number of the Seal of Excellence of the project.')),
  use: optional(oneOf(ACCESS_USES)),
  class: optional(oneOf(ACCESS_CLASSES, 'Art. 12b(14): general access, or that under the rules of (b) or (c).')),
  callChipHours: optional(
    whole('Chip-hours granted under the call, with this grant. Grants from before schema 2 do not count in it.'),
  ),
});
const denied = object({ ...application, reasonCodes, decidedAt: instant() });
const revoked = object({
  ...application,
  chipHours: whole('Chip-hours of the grant.'),
  poolId: optional(id('The pool of access time of the grant.')),
  reasonCodes,
  revokedAt: instant(),
});

interface Fact<Type extends string, Data extends Schema<object>> extends DomainEvent {
  readonly type: Type;
  readonly data: ValueOf<Data>;
}

export type AccessRequestSubmitted = Fact<'access-request-submitted', typeof submitted>;
export type AccessRequestWithdrawn = Fact<'access-request-withdrawn', typeof withdrawn>;
export type EligibilityConfirmed = Fact<'eligibility-confirmed', typeof checked>;
export type EligibilityRefused = Fact<'eligibility-refused', typeof checked>;
export type AccessGranted = Fact<'access-granted', typeof granted>;
export type AccessDenied = Fact<'access-denied', typeof denied>;
export type GrantRevoked = Fact<'grant-revoked', typeof revoked>;

export type AccessRequestEvent =
  | AccessRequestSubmitted
  | AccessRequestWithdrawn
  | EligibilityConfirmed
  | EligibilityRefused
  | AccessGranted
  | AccessDenied
  | GrantRevoked;

export interface Filed {
  readonly application: Application;
  readonly submittedBy: string;
  /** Instant at which the last step took effect. No later step takes effect before it. */
  readonly since: string;
}
interface Awarded extends Filed, Conditions {
  readonly chipHours: number;
  readonly validFrom: string;
  readonly validTo: string;
  /** Whether the hours were counted on the call. Those of older grants were not. */
  readonly countsOnCall: boolean;
}
/** The conditions of a grant that later decisions read. */
interface Conditions {
  readonly poolId?: string;
  readonly funding?: Funding;
  readonly use?: AccessUse;
}

export type SubmittedRequest = Filed & {
  readonly status: 'submitted';
  /** An explicit check is usual, but the decision does not require it. */
  readonly eligibility: 'unchecked' | 'eligible';
};
export type GrantedRequest = Awarded & { readonly status: 'granted' };
export type FiledRequest =
  | SubmittedRequest
  | (Filed & { readonly status: 'ineligible' | 'withdrawn' | 'denied' })
  | GrantedRequest
  | (Awarded & { readonly status: 'revoked' });
export type AccessRequest = { readonly status: 'absent' } | FiledRequest;

/**
 * A request for access. A granted request is the grant: one stream, one id. Its decisions are in
 * `access-request.decisions.ts`, those about its grant in `grant.decisions.ts`.
 *
 * Every event repeats the application, so that a report folds each event without a look-up.
 */
export const accessRequest: Aggregate<AccessRequest, AccessRequestEvent> = {
  name: 'access-request',
  initial: { status: 'absent' },
  events: {
    'access-request-submitted': {
      schema: 2,
      data: submitted,
      concerns: itsPartner,
      effectiveAs: 'submittedAt',
      seals: true,
      says: ({ data }) =>
        `Partner ${data.partnerId} (${data.category}, ${data.country}) asks for ${data.chipHoursRequested} chip-hours.`,
      // Up to schema 1 a request was held to 50,000 chip-hours in the fast lane; since then to the policy access-modes.
      upcasts: { 1: upcast(submitted, (data) => data) },
    },
    'access-request-withdrawn': {
      schema: 1,
      data: withdrawn,
      concerns: itsPartner,
      effectiveAs: 'withdrawnAt',
      says: () => 'The applicant withdrew the request.',
    },
    'eligibility-confirmed': {
      schema: 2,
      data: checked,
      concerns: itsPartner,
      effectiveAs: 'checkedAt',
      clauses: [ELIGIBLE_COUNTRY_CLAUSE],
      says: ({ data }) => `The request is eligible. Reasons: ${data.reasonCodes.join(', ')}.`,
      // Every event of schema 1 names the clause of the country, whatever the reason.
      upcasts: { 1: upcast(checked, (data) => data) },
    },
    'eligibility-refused': {
      schema: 2,
      data: checked,
      concerns: itsPartner,
      effectiveAs: 'checkedAt',
      clauses: [ELIGIBLE_COUNTRY_CLAUSE],
      says: ({ data }) => `The request is not eligible. Reasons: ${data.reasonCodes.join(', ')}.`,
      // Every event of schema 1 names the clause of the country, whatever the reason.
      upcasts: { 1: upcast(checked, (data) => data) },
    },
    'access-granted': {
      schema: 2,
      data: granted,
      concerns: itsPartner,
      effectiveAs: 'decidedAt',
      clauses: [FREE_ACCESS_CLAUSE, OPEN_FRONTIER_CLAUSE],
      says: ({ data }) =>
        `${data.chipHours} of ${data.chipHoursRequested} chip-hours are granted ` +
        `(${data.priceBasis}${data.freeReason === undefined ? '' : `: ${data.freeReason}`}), from ` +
        `${data.validFrom} until ${data.validTo}. Reasons: ${data.reasonCodes.join(', ')}.`,
      // Schema 1 gave no reason for free access, and bounded nothing by the hours of the call.
      upcasts: { 1: upcast(grantedV1, (data) => data) },
    },
    'access-denied': {
      schema: 1,
      data: denied,
      concerns: itsPartner,
      effectiveAs: 'decidedAt',
      says: ({ data }) => `The request is denied. Reasons: ${data.reasonCodes.join(', ')}.`,
    },
    'grant-revoked': {
      schema: 1,
      data: revoked,
      concerns: itsPartner,
      effectiveAs: 'revokedAt',
      says: ({ data }) =>
        `The grant of ${data.chipHours} chip-hours is revoked from ${data.revokedAt} on. Reasons: ${data.reasonCodes.join(', ')}.`,
    },
  },
  exists: (state) => state.status !== 'absent',
  evolve(state, event) {
    switch (event.type) {
      case 'access-request-submitted': {
        const application = applicationOf(event.data);
        const { submittedBy, submittedAt } = event.data;
        return { status: 'submitted', eligibility: 'unchecked', application, submittedBy, since: submittedAt };
      }
      case 'access-request-withdrawn':
        return { ...factsOf(state), status: 'withdrawn', since: event.data.withdrawnAt };
      case 'eligibility-confirmed':
        return { ...factsOf(state), status: 'submitted', eligibility: 'eligible', since: event.data.checkedAt };
      case 'eligibility-refused':
        return { ...factsOf(state), status: 'ineligible', since: event.data.checkedAt };
      case 'access-granted': {
        const { chipHours, validFrom, validTo, decidedAt, callChipHours } = event.data;
        const terms = { chipHours, validFrom, validTo, countsOnCall: callChipHours !== undefined };
        return { ...factsOf(state), status: 'granted', ...terms, ...conditionsOf(event.data), since: decidedAt };
      }
      case 'access-denied':
        return { ...factsOf(state), status: 'denied', since: event.data.decidedAt };
      case 'grant-revoked':
        if (state.status !== 'granted') throw new Error('A grant was revoked in a stream that holds none.');
        return { ...state, status: 'revoked', since: event.data.revokedAt };
      default:
        return unknownEvent('access-request', event);
    }
  },
};

/** The facts that every event of a request repeats. */
function applicationOf(facts: Application): Application {
  const { callId, facilityId, mode, partnerId, ultimateParentId, category, country } = facts;
  const { chipHoursRequested, submittedAt } = facts;
  return {
    callId,
    facilityId,
    mode,
    partnerId,
    ultimateParentId,
    category,
    country,
    chipHoursRequested,
    submittedAt,
  };
}

/** Narrows the state for decisions. For an unknown request the ledger has answered 404 before. */
export function filed(state: AccessRequest): FiledRequest {
  if (state.status === 'absent') throw new Error('A request must be submitted before anything else happens to it.');
  return state;
}

function factsOf(state: AccessRequest): Filed {
  const { application, submittedBy, since } = filed(state);
  return { application, submittedBy, since };
}

const conditionsOf = ({ poolId, funding, use }: Conditions): Conditions => ({
  ...(poolId !== undefined && { poolId }),
  ...(funding && { funding }),
  ...(use && { use }),
});

/** The facts about a grant that the decision on an allocation needs. */
export interface Grant {
  readonly id: string;
  readonly partnerId: string;
  readonly category: Category;
  readonly country: string;
  readonly mode: Mode;
  readonly facilityId: string;
  /** Chip-hours that can be allocated under the grant, over its whole life. */
  readonly chipHours: number;
  /** Half-open, UTC. */
  readonly validFrom: string;
  readonly validTo: string;
  readonly revoked: boolean;
  /** The pool of access time from which its hours come; absent for a grant that names none. */
  readonly poolId?: string;
  /** Whether a Union programme funds the project: it may use what is reserved by Art. 12b(15)(c). */
  readonly unionFunded: boolean;
  readonly use?: AccessUse;
}

/**
 * The grant of a request, or null if the request was never granted. The caller passes the id, because a state does not
 * contain the id of its stream.
 */
export function grantOf(id: string, state: AccessRequest): Grant | null {
  if (state.status !== 'granted' && state.status !== 'revoked') return null;
  const { partnerId, category, country, mode, facilityId } = state.application;
  const { chipHours, validFrom, validTo, poolId, funding, use } = state;
  return {
    ...{ id, partnerId, category, country, mode, facilityId, chipHours, validFrom, validTo },
    revoked: state.status === 'revoked',
    ...(poolId !== undefined && { poolId }),
    unionFunded: funding !== undefined,
    ...(use && { use }),
  };
}
