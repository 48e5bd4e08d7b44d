import type { AccessCall } from './access-calls.js';
import { midnight } from './calendar.js';
import type { CommandList, DemoBody } from './command-list.js';
import { ACQUISITION } from './partners.js';
import type { Random } from './random.js';
import type { RequestPlan } from './request-plan.js';
import type { Category } from '../partners/partner.js';

const ASSOCIATED_COUNTRIES_POLICY = 'policy:associated-countries';

const SECTORS = [
  'health',
  'manufacturing',
  'energy',
  'climate',
  'agriculture',
  'mobility',
  'finance',
  'public-administration',
  'languages',
  'materials',
  'space',
  'cybersecurity',
];
const PURPOSES = [
  'Training of a domain model from scratch.',
  'Fine-tuning of an open model on own data.',
  'Comparison of architectures before a larger run.',
  'Evaluation of robustness and bias of a model in use.',
  'Generation of synthetic data for a rare event.',
];
const DENIED_CODES = ['score-below-threshold', 'call-oversubscribed', 'plan-not-convincing', 'resources-not-justified'];
const INELIGIBLE_CODES = ['application-incomplete', 'outside-scope-of-mode', 'duplicate-request'];
const WITHDRAWN_REASONS = ['Funded otherwise.', 'The project was postponed.', 'Replaced by a new request.'];
const CONTACT_SHARE = 0.3;
/** Industrial users pay, unless the Union funds the project of the work (12b(15)(b)). */
const UNION_FUNDED_SHARE = 0.3;
const HOURS_STEP = 1_000;

/** Opens a call that offers a little more than its future grants, and much less than the sum of its requests. */
export function addAccessCall(
  commands: CommandList,
  random: Random,
  call: AccessCall,
  requests: readonly RequestPlan[],
  hostSignature: string | undefined,
): void {
  const grantedHours = requests.reduce(
    (sum, { outcome }) => sum + (outcome.kind === 'granted' ? outcome.award.chipHours : 0),
    0,
  );
  commands.add({
    name: call.name,
    path: '/v1/access-calls',
    body: {
      facilityId: { ref: call.facility.name },
      mode: call.mode,
      title: call.title,
      opensAt: midnight(call.opensOn),
      closesAt: midnight(call.closesOn),
      chipHours: Math.ceil((grantedHours * random.between(1.02, 1.25)) / HOURS_STEP + 1) * HOURS_STEP,
    },
    after: hostSignature === undefined ? [] : [hostSignature],
  });
}

/** Submits a request on behalf of its applicant, then adds the steps up to its state at the end of the two years. */
export function addRequest(commands: CommandList, random: Random, request: RequestPlan): void {
  const { name, call, applicant, chipHours, submittedAt, outcome } = request;
  const settled = applicant.settled
    .filter(({ from }) => from <= submittedAt.slice(0, 10))
    .map(({ command }) => command);
  const isAfterAcquisition = applicant.name === ACQUISITION.partner && submittedAt >= ACQUISITION.on;
  const contact = random.chance(CONTACT_SHARE) ? { contact: 'Access desk, access@applicant.example' } : {};
  commands.add({
    name,
    path: '/v1/access-requests',
    body: {
      callId: { ref: call.name },
      partnerId: { ref: applicant.name },
      chipHours,
      sector: random.pick(SECTORS),
      purpose: random.pick(PURPOSES),
      ...contact,
      illustrative: true,
      effectiveAt: submittedAt,
    },
    after: [...settled, ...(isAfterAcquisition ? [ACQUIRED_CATEGORY] : [])],
  });
  const step = (
    kind: string,
    route: string,
    sender: 'operator' | 'panel',
    body: DemoBody,
    after: string[] = [],
  ): void => {
    commands.add({ name: `${kind}:${name}`, path: `/v1/access-requests/{${name}}/${route}`, sender, body, after });
  };
  if (outcome.kind === 'unchecked') return;
  if (outcome.kind === 'withdrawn') {
    return step('withdrawal', 'withdrawal', 'operator', {
      reason: random.pick(WITHDRAWN_REASONS),
      effectiveAt: outcome.withdrawnAt,
    });
  }
  step('eligibility', 'eligibility', 'panel', eligibilityOf(request, outcome, random), [ASSOCIATED_COUNTRIES_POLICY]);
  if (outcome.kind === 'denied' || outcome.kind === 'granted') {
    step('decision', 'decision', 'panel', decisionOf(request, outcome, random), [`eligibility:${name}`]);
  }
}

const CLASSIFICATION_OF_ACQUIRED = `classification:${ACQUISITION.partner.slice('partner:'.length)}`;
/** Name of the command that changes the category of the acquired start-up. */
const ACQUIRED_CATEGORY = `${CLASSIFICATION_OF_ACQUIRED}:tech-giant`;

type Checked = Extract<RequestPlan['outcome'], { readonly checkedAt: string }>;
type Decided = Extract<RequestPlan['outcome'], { readonly decidedAt: string }>;

function eligibilityOf({ applicant }: RequestPlan, outcome: Checked, random: Random): DemoBody {
  const eligible = outcome.kind !== 'ineligible';
  const refusedFor = applicant.eligibleCountry ? random.pick(INELIGIBLE_CODES) : 'not-established-in-eligible-country';
  const reasonCodes = [eligible ? 'established-in-eligible-country' : refusedFor];
  return { eligible, reasonCodes, effectiveAt: outcome.checkedAt };
}

function decisionOf({ name, category, chipHours }: RequestPlan, outcome: Decided, random: Random): DemoBody {
  const effectiveAt = outcome.decidedAt;
  if (outcome.kind === 'denied') {
    return { outcome: 'denied', reasonCodes: [random.pick(DENIED_CODES)], effectiveAt };
  }
  const { award } = outcome;
  const isUnionFunded = random.chance(UNION_FUNDED_SHARE);
  const reasonCodes = ['score-above-threshold', ...(award.chipHours < chipHours ? ['reduced-to-available-hours'] : [])];
  return {
    outcome: 'granted',
    chipHours: award.chipHours,
    ...priceOf(category, isUnionFunded, name),
    reasonCodes,
    validFrom: midnight(award.validFrom),
    validTo: midnight(award.validTo),
    effectiveAt,
  };
}

/** The price by Art. 12b(15)(b). The names of the evidence are invented. */
function priceOf(category: Category, isUnionFunded: boolean, request: string): DemoBody {
  const number = request.slice('request:'.length);
  const funding = isUnionFunded ? { funding: { programme: 'HE', grantNumber: `ILLUSTRATIVE-${number}` } } : {};
  switch (category) {
    case 'start-up':
    case 'sme':
    case 'scale-up':
      return { priceBasis: 'free', freeReason: 'sme-innovation', use: 'non-commercial', ...funding };
    case 'public-body':
      return { priceBasis: 'free', freeReason: 'public-law-entity', ...funding };
    case 'research': {
      const freeEvidenceRef = `illustrative statutes ${number}`;
      return { priceBasis: 'free', freeReason: 'public-law-entity', freeEvidenceRef, ...funding };
    }
    case 'large-enterprise':
    case 'tech-giant':
      return isUnionFunded
        ? { priceBasis: 'free', freeReason: 'eu-funded', use: 'non-commercial', ...funding }
        : { priceBasis: 'pay-per-use', use: 'commercial' };
  }
}
