import type { AccessCall } from './access-calls.js';
import {
  addDays,
  addMonths,
  daysBetween,
  instantBetween,
  PROGRAMME_END,
  businessDayFrom,
  workingHour,
} from './calendar.js';
import { addBusinessDays } from '../domain/business-days.js';
import { PROFILES } from './categories.js';
import type { Category } from '../partners/partner.js';
import { MODE_PROFILES } from './modes.js';
import { categoryOn } from './partners.js';
import type { Applicant } from './partners.js';
import type { Random } from './random.js';

export interface Award {
  readonly chipHours: number;
  /** Dates; the interval includes `validFrom` and excludes `validTo`. */
  readonly validFrom: string;
  readonly validTo: string;
}

/** State of a request at the end of the two years, with the instants of the steps that led to it. */
export type Outcome =
  | { readonly kind: 'unchecked' }
  | { readonly kind: 'pending'; readonly checkedAt: string }
  | { readonly kind: 'withdrawn'; readonly withdrawnAt: string }
  | { readonly kind: 'ineligible'; readonly checkedAt: string }
  | { readonly kind: 'denied'; readonly checkedAt: string; readonly decidedAt: string }
  | { readonly kind: 'granted'; readonly checkedAt: string; readonly decidedAt: string; readonly award: Award };

export interface RequestPlan {
  /** Name of the command that submits the request. */
  readonly name: string;
  readonly call: AccessCall;
  readonly applicant: Applicant;
  /** The applicant's category in force at the submission. */
  readonly category: Category;
  readonly chipHours: number;
  readonly submittedAt: string;
  readonly outcome: Outcome;
}

const WITHDRAWN_SHARE = 0.05;
const INELIGIBLE_SHARE = 0.04;
/**
 * Part of the decisions within the time limit of the mode. The others are late, by up to `WORKING_DAYS_LATE_MAX`
 * working days.
 */
const IN_TIME_SHARE = 0.87;
const WORKING_DAYS_LATE_MAX = 9;
/** Part of the requests from the facility's own country, if the category has applicants there. */
const HOME_SHARE = 0.4;

/** Generates the requests of the two years with their outcomes. */
export class RequestPlanner {
  constructor(
    private readonly random: Random,
    private readonly calls: readonly AccessCall[],
    private readonly applicants: readonly Applicant[],
  ) {}

  plan(count: number): RequestPlan[] {
    return Array.from({ length: count }, (_, index) => {
      const call = this.random.weighted(this.calls, ({ demand }) => demand);
      return this.request(`request:${index + 1}`, call, this.applicantFor(call));
    });
  }

  /** A request of a given applicant under a call, on a given day or on any day of the call. */
  request(name: string, call: AccessCall, applicant: Applicant, submittedOn?: string): RequestPlan {
    const { random } = this;
    const submittedAt = workingHour(submittedOn ?? this.dayInside(call), random.fraction());
    const category = categoryOn(applicant, submittedAt.slice(0, 10));
    const chipHours = this.chipHoursFor(call);
    const plan = { name, call, applicant, category, chipHours, submittedAt };
    return { ...plan, outcome: this.outcomeOf(plan) };
  }

  /** As `request`, for a special case that the programme must show and that needs a full grant. */
  grantedRequest(name: string, call: AccessCall, applicant: Applicant, submittedOn: string): RequestPlan {
    const plan = this.request(name, call, applicant, submittedOn);
    const decidedAt = this.decisionInstant(plan);
    const checkedAt = instantBetween(plan.submittedAt, decidedAt, 0.5);
    const award = this.award(call, plan.chipHours, decidedAt);
    return { ...plan, outcome: { kind: 'granted', checkedAt, decidedAt, award } };
  }

  private applicantFor(call: AccessCall): Applicant {
    const { random, applicants } = this;
    const weights = MODE_PROFILES[call.mode].applicants;
    const category = random.weighted(Object.keys(weights) as Category[], (each) => weights[each]);
    const candidates = applicants.filter(({ categories }) => categories[0]?.category === category);
    const home = candidates.filter(({ country }) => country === call.facility.country);
    return random.weighted(
      home.length > 0 && random.chance(HOME_SHARE) ? home : candidates,
      ({ activity }) => activity,
    );
  }

  /** In calls with a cut-off, most requests come near the end. */
  private dayInside({ mode, opensOn, closesOn }: AccessCall): string {
    const last = closesOn < PROGRAMME_END ? closesOn : PROGRAMME_END;
    const days = daysBetween(opensOn, last);
    const share = this.random.fraction();
    const skewed = MODE_PROFILES[mode].decision.from === 'cut-off' ? Math.sqrt(share) : share;
    const day = businessDayFrom(addDays(opensOn, Math.floor(skewed * days)));
    return day < last ? day : addDays(last, -1);
  }

  private chipHoursFor({ mode, facility }: AccessCall): number {
    const { requested, requestedAtGigafactory } = MODE_PROFILES[mode];
    const range = (facility.kind === 'ai-gigafactory' ? requestedAtGigafactory : undefined) ?? requested;
    const chipHours = this.random.magnitude(range.min, range.max);
    // Applicants ask for round numbers.
    return chipHours < 10_000 ? Math.ceil(chipHours / 100) * 100 : Math.floor(chipHours / 1_000) * 1_000;
  }

  private outcomeOf(request: Omit<RequestPlan, 'outcome'>): Outcome {
    const { random } = this;
    const { call, applicant, category, chipHours, submittedAt } = request;
    const decidedAt = this.decisionInstant(request);
    const checkedAt = instantBetween(submittedAt, decidedAt, random.between(0.2, 0.7));
    if (random.chance(WITHDRAWN_SHARE)) {
      const withdrawnAt = instantBetween(submittedAt, decidedAt, random.between(0.1, 0.9));
      return withdrawnAt < PROGRAMME_END ? { kind: 'withdrawn', withdrawnAt } : { kind: 'unchecked' };
    }
    if (checkedAt >= PROGRAMME_END) return { kind: 'unchecked' };
    if (!applicant.eligibleCountry || random.chance(INELIGIBLE_SHARE)) return { kind: 'ineligible', checkedAt };
    if (decidedAt >= PROGRAMME_END) return { kind: 'pending', checkedAt };
    const { success, full } = MODE_PROFILES[call.mode];
    if (!random.chance(Math.min(0.97, success * PROFILES[category].success)))
      return { kind: 'denied', checkedAt, decidedAt };
    const granted = random.chance(full) ? chipHours : Math.ceil((chipHours * random.between(0.3, 0.9)) / 100) * 100;
    return { kind: 'granted', checkedAt, decidedAt, award: this.award(call, Math.min(chipHours, granted), decidedAt) };
  }

  private decisionInstant({ call, submittedAt }: Pick<RequestPlan, 'call' | 'submittedAt'>): string {
    const { from, workingDaysMax } = MODE_PROFILES[call.mode].decision;
    const start = from === 'cut-off' ? call.closesOn : submittedAt.slice(0, 10);
    const workingDaysMin = Math.max(1, Math.floor(workingDaysMax / 3));
    const workingDays = this.random.chance(IN_TIME_SHARE)
      ? this.random.integer(workingDaysMin, workingDaysMax)
      : workingDaysMax + this.random.integer(1, WORKING_DAYS_LATE_MAX);
    return workingHour(addBusinessDays(start, workingDays), this.random.fraction());
  }

  private award({ mode }: AccessCall, chipHours: number, decidedAt: string): Award {
    const validFrom = addDays(decidedAt.slice(0, 10), this.random.integer(3, 12));
    const months = this.random.pick(MODE_PROFILES[mode].grantMonths);
    return { chipHours, validFrom, validTo: addMonths(validFrom, months) };
  }
}
