import { GATEKEEPER_CLAUSE, PUBLIC_CONTROL_CLAUSE, SME_CLAUSE, START_UP_CLAUSE } from './partners.refusals.js';
import type { CodeOf } from '../ledger/refusal-declaration.js';
import { invalid, refuse } from '../ledger/refusal.js';
import { dateOf, parseInstant } from '../ledger/time.js';
import { inForceAt, type Dated, type Timeline } from '../domain/timeline.js';
import { isMemberState } from '../domain/member-states.js';
import { isLei } from './lei.js';
import {
  holdingsAt,
  type Acquisition,
  type AffiliationEnded,
  type AffiliationKind,
  type AffiliationRecorded,
  type Category,
  type Classification,
  type LegalForm,
  type Partner,
  type PartnerAcquired,
  type PartnerClassified,
  type PartnerRegistered,
  type RegisteredPartner,
} from './partner.js';

/** GBER Art. 22(2): a partner can be a start-up for at most five years from its registration. */
const START_UP_YEARS_MAX = 5;
/** Recommendation 2003/361/EC, Annex, Art. 3(2): a holding below this share is not an affiliation. */
const PARTNER_PERCENT_MIN = 25;
/**
 * Recommendation 2003/361/EC, Annex, Art. 3(3): above this share the holding is the majority, and the enterprises are
 * linked.
 */
const PARTNER_PERCENT_MAX = 50;
/** Shares are added in units of 0.0001 %, because 33.3 + 33.3 + 33.4 is more than 100 in doubles. */
const UNITS_PER_PERCENT = 10_000;
/** Dated decisions of one kind about one partner. Each is a formal act; more of them come from a faulty program. */
export const DECISIONS_MAX = 500;

/** Legal forms under public law. They are not enterprises, whatever they run. */
const PUBLIC_FORMS: ReadonlySet<LegalForm> = new Set(['union', 'member-state', 'public-bank', 'public-body', 'region']);
const ENTERPRISE_CATEGORIES: ReadonlySet<Category> = new Set(['start-up', 'sme', 'scale-up', 'tech-giant']);

export type RegisterPartnerInput = PartnerRegistered['data'];
export type RecordAffiliationInput = AffiliationRecorded['data'];
export type EndAffiliationInput = AffiliationEnded['data'];

/**
 * Registers a partner. A Member State is one of the 27: only such a state hosts an AI gigafactory in its territory (12b(4)).
 * @throws Refusal `lei-check-digits`, `registered-in-the-future` (422), `member-state-outside-union` (409).
 */
export function registerPartner(input: RegisterPartnerInput, now: string): [PartnerRegistered] {
  const { legalName, country, legalForm, lei, registeredOn, source, illustrative } = input;
  if (lei !== undefined && !isLei(lei)) {
    throw invalid(
      'lei-check-digits',
      '/lei',
      'The legal entity identifier does not pass its check digits (ISO 17442, MOD 97-10). Compare it with the LEI register.',
    );
  }
  if (legalForm === 'member-state' && !isMemberState(country)) {
    throw refuse(
      'member-state-outside-union',
      `${country} is no Member State of the Union. Register its authorities with the form public-body.`,
      { country },
    );
  }
  const today = dateOf(parseInstant(now));
  if (registeredOn !== undefined && registeredOn > today) {
    throw invalid(
      'registered-in-the-future',
      '/registeredOn',
      `The date of registration lies after today, ${today}. Leave it out until the partner is registered.`,
      { registeredOn, today },
    );
  }
  const data = {
    ...{ legalName, country, legalForm },
    ...(lei !== undefined && { lei }),
    ...(registeredOn !== undefined && { registeredOn }),
    ...(source !== undefined && { source }),
    ...(illustrative === true && { illustrative }),
  };
  return [{ type: 'partner-registered', data }];
}

/**
 * Sets the category from a date on. The category follows from the evidence; the ledger refuses only a category that the
 * evidence cannot possibly show. The date may lie before today, because evidence comes late, but not before the date of
 * the category in force, because requests were recorded and published under that category. A category that is not in
 * force yet is replaced.
 * @throws Refusal `evidence-missing`, `category-contradicts-legal-form`, `start-up-too-old`, `classification-before-latest`,
 * `too-many-decisions` (409).
 */
export function classifyPartner(state: Partner, input: Classification, now: string): [PartnerClassified] {
  const { profile, classifications } = requireRegistered(state);
  const { category, basis, evidenceRef, effectiveFrom } = input;
  requireEvidence(input);
  if (ENTERPRISE_CATEGORIES.has(category) && PUBLIC_FORMS.has(profile.legalForm)) {
    throw refuse(
      'category-contradicts-legal-form',
      `A partner of the form ${profile.legalForm} is under public control and cannot be a ${category}. Classify it as public-body or correct its form.`,
      { clause: PUBLIC_CONTROL_CLAUSE, legalForm: profile.legalForm, category },
    );
  }
  if (category === 'start-up') requireYoung(profile.registeredOn, effectiveFrom);
  requireNotBefore(classifications, effectiveFrom, now, 'classification-before-latest', 'classification');
  return [{ type: 'partner-classified', data: { category, basis, evidenceRef, effectiveFrom } }];
}

function requireEvidence({ category, evidenceRef, basis }: Classification): void {
  if (evidenceRef.trim() !== '' && basis.trim() !== '') return;
  const needed =
    category === 'tech-giant'
      ? 'the reference of the decision that designates the gatekeeper'
      : 'a reference to evidence';
  throw refuse('evidence-missing', `A category needs a basis and ${needed}.`, {
    category,
    ...(category === 'tech-giant' && { clause: GATEKEEPER_CLAUSE }),
  });
}

function requireYoung(registeredOn: string | undefined, effectiveFrom: string): void {
  if (registeredOn === undefined) return;
  // ISO dates sort as text. In a year without a 29 February, the text of that day sorts before 1 March, as it should.
  const lastDay = `${Number(registeredOn.slice(0, 4)) + START_UP_YEARS_MAX}${registeredOn.slice(4)}`;
  if (effectiveFrom <= lastDay) return;
  throw refuse(
    'start-up-too-old',
    `A start-up is at most ${START_UP_YEARS_MAX} years from its registration, so until ${lastDay}. Classify the partner as what it is now.`,
    { clause: START_UP_CLAUSE, registeredOn, lastDay, effectiveFrom },
  );
}

/**
 * Records that another partner holds a share of this partner from a date on. It replaces an earlier share of the same
 * holder.
 * @param ancestorsOfOther all partners above the holder from that date on, see `ancestorsFrom`.
 * @throws Refusal `affiliation-kind-mismatch`, `affiliation-with-itself`, `ownership-cycle`, `holdings-above-hundred`,
 * `affiliation-before-latest`, `too-many-decisions` (409).
 */
export function recordAffiliation(
  state: Partner,
  partnerId: string,
  input: RecordAffiliationInput,
  ancestorsOfOther: readonly string[],
  now: string,
): [AffiliationRecorded] {
  const known = requireRegistered(state);
  const { otherPartnerId, kind, percent, effectiveFrom } = input;
  requireKind(kind, percent);
  if (otherPartnerId === partnerId) {
    throw refuse('affiliation-with-itself', 'A partner cannot hold a share of itself. Name the partner that does.', {
      otherPartnerId,
    });
  }
  requireNoCycle(partnerId, otherPartnerId, ancestorsOfOther);
  const earlier = known.holdings.get(otherPartnerId) ?? [];
  requireNotBefore(earlier, effectiveFrom, now, 'affiliation-before-latest', 'share of this holder');
  requireAtMostHundred(known, input);
  return [{ type: 'affiliation-recorded', data: { otherPartnerId, kind, percent, effectiveFrom } }];
}

function requireKind(kind: AffiliationKind, percent: number): void {
  const isMatch =
    kind === 'linked'
      ? percent > PARTNER_PERCENT_MAX && percent <= 100
      : percent >= PARTNER_PERCENT_MIN && percent <= PARTNER_PERCENT_MAX;
  if (isMatch) return;
  throw refuse(
    'affiliation-kind-mismatch',
    `A partner enterprise holds ${PARTNER_PERCENT_MIN} to ${PARTNER_PERCENT_MAX} %, a linked one more than ${PARTNER_PERCENT_MAX} % and up to 100 %; ${percent} % is not ${kind}. Below ${PARTNER_PERCENT_MIN} % nothing is recorded.`,
    {
      clause: SME_CLAUSE,
      kind,
      percent,
      partnerPercentMin: PARTNER_PERCENT_MIN,
      partnerPercentMax: PARTNER_PERCENT_MAX,
    },
  );
}

/** Checks the date of the new share and every later date on which a share changes. The sum changes on no other date. */
function requireAtMostHundred(state: RegisteredPartner, input: RecordAffiliationInput): void {
  const { otherPartnerId, percent, effectiveFrom } = input;
  const others = [...state.holdings].filter(([holderId]) => holderId !== otherPartnerId);
  const dates = others.flatMap(([, timeline]) => timeline.map((change) => change.effectiveFrom));
  for (const date of [effectiveFrom, ...dates.filter((each) => each > effectiveFrom)]) {
    const held = [...holdingsAt(state, date)].filter(([holderId]) => holderId !== otherPartnerId);
    const units = held.reduce((sum, [, holding]) => sum + unitsOf(holding.percent), unitsOf(percent));
    if (units <= 100 * UNITS_PER_PERCENT) continue;
    throw refuse(
      'holdings-above-hundred',
      `On ${date} the shares recorded would add up to ${units / UNITS_PER_PERCENT} %. End or lower another holder's share first.`,
      { date, sumPercent: units / UNITS_PER_PERCENT, percent },
    );
  }
}

const unitsOf = (percent: number): number => Math.round(percent * UNITS_PER_PERCENT);

/**
 * Records that a holder gave up its share, or kept too little for an affiliation.
 * @throws Refusal `affiliation-not-in-force`, `affiliation-before-latest`, `too-many-decisions` (409).
 */
export function endAffiliation(state: Partner, input: EndAffiliationInput, now: string): [AffiliationEnded] {
  const known = requireRegistered(state);
  const { otherPartnerId, effectiveFrom } = input;
  const timeline = known.holdings.get(otherPartnerId) ?? [];
  if (!holdingsAt(known, effectiveFrom).has(otherPartnerId)) {
    throw refuse(
      'affiliation-not-in-force',
      `The partner ${otherPartnerId} holds no recorded share on ${effectiveFrom}, so there is none to end.`,
      { otherPartnerId, effectiveFrom },
    );
  }
  requireNotBefore(timeline, effectiveFrom, now, 'affiliation-before-latest', 'share of this holder');
  return [{ type: 'affiliation-ended', data: { otherPartnerId, effectiveFrom } }];
}

/**
 * Records that another partner has acquired this partner, from a date on. An acquisition takes precedence over recorded
 * shares.
 * @param ancestorsOfAcquirer all partners above the acquirer from that date on, see `ancestorsFrom`.
 * @throws Refusal `acquired-by-itself`, `ownership-cycle`, `acquisition-before-latest`, `too-many-decisions` (409).
 */
export function acquirePartner(
  state: Partner,
  partnerId: string,
  input: Acquisition,
  ancestorsOfAcquirer: readonly string[],
  now: string,
): [PartnerAcquired] {
  const { acquisitions } = requireRegistered(state);
  const { acquirerId, effectiveFrom } = input;
  if (acquirerId === partnerId) {
    throw refuse('acquired-by-itself', 'A partner cannot acquire itself. Name the partner that does.', { acquirerId });
  }
  requireNoCycle(partnerId, acquirerId, ancestorsOfAcquirer);
  requireNotBefore(acquisitions, effectiveFrom, now, 'acquisition-before-latest', 'acquisition');
  return [{ type: 'partner-acquired', data: { acquirerId, effectiveFrom } }];
}

function requireNoCycle(partnerId: string, ownerId: string, ancestorsOfOwner: readonly string[]): void {
  if (!ancestorsOfOwner.includes(partnerId)) return;
  throw refuse(
    'ownership-cycle',
    `The partner ${partnerId} stands above ${ownerId} already, so ${ownerId} cannot own a part of it at the same time. End the older relation first.`,
    { partnerId, ownerId },
  );
}

/** A decision in force must stay true for the past. A decision that is not in force yet may be replaced. */
function requireNotBefore<T extends Dated>(
  timeline: Timeline<T>,
  effectiveFrom: string,
  now: string,
  code: CodeOf<'conflict'> & `${string}-before-latest`,
  what: string,
): void {
  requireRoom(timeline);
  const current = inForceAt(timeline, now);
  if (current === undefined || effectiveFrom >= current.effectiveFrom) return;
  throw refuse(
    code,
    `The ${what} in force began on ${current.effectiveFrom}; a new one cannot begin before that, on ${effectiveFrom}. History is not rewritten: date it ${current.effectiveFrom} or later.`,
    { effectiveFrom, inForceSince: current.effectiveFrom },
  );
}

function requireRoom(timeline: Timeline<Dated>): void {
  if (timeline.length < DECISIONS_MAX) return;
  throw refuse(
    'too-many-decisions',
    `No more than ${DECISIONS_MAX} dated decisions of one kind are kept for a partner.`,
    {
      limit: DECISIONS_MAX,
    },
  );
}

function requireRegistered(state: Partner): RegisteredPartner {
  if (state.status === 'registered') return state;
  throw new Error('Only a registered partner is decided upon; the caller asks for an existing one.');
}
