import { MODES, type Mode } from '../domain/access-modes.js';
import { itsPartner, unknownEvent, type DomainEvent, type Aggregate } from '../ledger/aggregate.js';
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
import type { Use } from '../compute/pool-events.js';
import { CATEGORIES, type Category } from '../partners/partner.js';
import { ELIGIBLE_COUNTRY_CLAUSE } from './access.refusals.js';

/** A grant states whether the access is free or paid for. */
export const PRICE_CLAUSE = '2021/1173 Art. 12b(15)(b)';

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
const granted = object({
  ...application,
  chipHours: whole('At most the requested ones.'),
  priceBasis: oneOf(PRICE_BASES),
  reasonCodes,
  validFrom: instant(),
  validTo: instant('First instant at which the grant is over.'),
  decidedAt: instant(),
});
const denied = object({ ...application, reasonCodes, decidedAt: instant() });
const revoked = object({
  ...application,
  chipHours: whole('Chip-hours of the grant.'),
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

interface Filed {
  readonly application: Application;
  readonly submittedBy: string;
  /** Instant at which the last step took effect. No later step takes effect before it. */
  readonly since: string;
}
interface Awarded extends Filed {
  readonly chipHours: number;
  readonly validFrom: string;
  readonly validTo: string;
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
 * `access-request.decisions.ts`.
 *
 * Every event repeats the application, so that a report folds each event without a look-up.
 */
export const accessRequest: Aggregate<AccessRequest, AccessRequestEvent> = {
  name: 'access-request',
  initial: { status: 'absent' },
  events: {
    'access-request-submitted': {
      schema: 1,
      data: submitted,
      concerns: itsPartner,
      effectiveAs: 'submittedAt',
      seals: true,
      says: ({ data }) =>
        `Partner ${data.partnerId} (${data.category}, ${data.country}) asks for ${data.chipHoursRequested} chip-hours.`,
    },
    'access-request-withdrawn': {
      schema: 1,
      data: withdrawn,
      concerns: itsPartner,
      effectiveAs: 'withdrawnAt',
      says: () => 'The applicant withdrew the request.',
    },
    'eligibility-confirmed': {
      schema: 1,
      data: checked,
      concerns: itsPartner,
      effectiveAs: 'checkedAt',
      clauses: [ELIGIBLE_COUNTRY_CLAUSE],
      says: ({ data }) => `The request is eligible. Reasons: ${data.reasonCodes.join(', ')}.`,
    },
    'eligibility-refused': {
      schema: 1,
      data: checked,
      concerns: itsPartner,
      effectiveAs: 'checkedAt',
      clauses: [ELIGIBLE_COUNTRY_CLAUSE],
      says: ({ data }) => `The request is not eligible. Reasons: ${data.reasonCodes.join(', ')}.`,
    },
    'access-granted': {
      schema: 1,
      data: granted,
      concerns: itsPartner,
      effectiveAs: 'decidedAt',
      clauses: [PRICE_CLAUSE],
      says: ({ data }) =>
        `${data.chipHours} of ${data.chipHoursRequested} chip-hours are granted (${data.priceBasis}), from ` +
        `${data.validFrom} until ${data.validTo}. Reasons: ${data.reasonCodes.join(', ')}.`,
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
        return { ...filed(state), status: 'withdrawn', since: event.data.withdrawnAt };
      case 'eligibility-confirmed':
        return { ...filed(state), status: 'submitted', eligibility: 'eligible', since: event.data.checkedAt };
      case 'eligibility-refused':
        return { ...filed(state), status: 'ineligible', since: event.data.checkedAt };
      case 'access-granted': {
        const { chipHours, validFrom, validTo, decidedAt } = event.data;
        return { ...filed(state), status: 'granted', chipHours, validFrom, validTo, since: decidedAt };
      }
      case 'access-denied':
        return { ...filed(state), status: 'denied', since: event.data.decidedAt };
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

function filed(state: AccessRequest): Filed {
  if (state.status === 'absent') throw new Error('A request must be submitted before anything else happens to it.');
  const { application, submittedBy, since } = state;
  return { application, submittedBy, since };
}

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
  /** The access pool whose hours are granted. A grant that was decided before there were pools has none. */
  readonly poolId?: string;
  /** True for a project that the Union funds (Art. 12b(15)(c)). */
  readonly unionFunded?: boolean;
  readonly use?: Use;
}

/**
 * The grant of a request, or null if the request was never granted. The caller passes the id, because a state does not
 * contain the id of its stream.
 */
export function grantOf(id: string, state: AccessRequest): Grant | null {
  if (state.status !== 'granted' && state.status !== 'revoked') return null;
  const { partnerId, category, country, mode, facilityId } = state.application;
  const { chipHours, validFrom, validTo } = state;
  const revoked = state.status === 'revoked';
  return { id, partnerId, category, country, mode, facilityId, chipHours, validFrom, validTo, revoked };
}
