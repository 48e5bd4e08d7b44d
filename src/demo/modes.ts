import type { Mode } from '../domain/access-modes.js';
import type { DemoValue } from './command-list.js';
import type { Category } from '../partners/partner.js';

export interface ModeProfile {
  /** Weight of the mode in the distribution of the requests. */
  readonly demand: number;
  readonly requested: { readonly min: number; readonly max: number };
  /** The sizes of requests at a gigafactory, which takes larger work. */
  readonly requestedAtGigafactory?: { readonly min: number; readonly max: number };
  /** Number of months for which a call stays open. A year has as many calls as fit. */
  readonly callMonths: number;
  /** Working days up to the decision, counted from the submission or from the end of the call. */
  readonly decision: { readonly from: 'submission' | 'cut-off'; readonly workingDaysMax: number };
  readonly grantMonths: readonly number[];
  /** Chance of a grant before the factor of the category is applied. */
  readonly success: number;
  /** Chance that a grant covers the whole request. */
  readonly full: number;
  /** Weights of the categories among the applicants of the mode. */
  readonly applicants: Readonly<Record<Category, number>>;
}

/** Modes of access of the AI factories in mid 2026. The limits and sizes are public facts; the demand is invented. */
export const MODE_PROFILES: Readonly<Record<Mode, ModeProfile>> = {
  playground: {
    demand: 31,
    requested: { min: 300, max: 5_000 },
    callMonths: 6,
    decision: { from: 'submission', workingDaysMax: 2 },
    grantMonths: [1, 2, 3],
    success: 0.86,
    full: 0.9,
    applicants: mix({ 'start-up': 46, sme: 32, 'scale-up': 6, research: 10, 'public-body': 6 }),
  },
  'fast-lane': {
    demand: 28,
    requested: { min: 5_000, max: 50_000 },
    callMonths: 6,
    decision: { from: 'submission', workingDaysMax: 4 },
    grantMonths: [3],
    success: 0.74,
    full: 0.65,
    applicants: mix({ 'start-up': 36, sme: 34, 'scale-up': 12, research: 12, 'public-body': 4, 'large-enterprise': 2 }),
  },
  'large-scale': {
    demand: 20,
    requested: { min: 51_000, max: 900_000 },
    requestedAtGigafactory: { min: 400_000, max: 6_000_000 },
    callMonths: 3,
    decision: { from: 'cut-off', workingDaysMax: 10 },
    grantMonths: [3, 6, 12],
    success: 0.5,
    full: 0.35,
    applicants: mix({
      'start-up': 24,
      sme: 20,
      'scale-up': 20,
      research: 12,
      'public-body': 4,
      'large-enterprise': 13,
      'tech-giant': 7,
    }),
  },
  'ai-for-science': {
    demand: 10,
    requested: { min: 20_000, max: 700_000 },
    callMonths: 4,
    decision: { from: 'cut-off', workingDaysMax: 40 },
    grantMonths: [6],
    success: 0.58,
    full: 0.5,
    applicants: mix({ research: 82, 'public-body': 14, sme: 4 }),
  },
  regular: {
    demand: 8,
    requested: { min: 100_000, max: 1_200_000 },
    requestedAtGigafactory: { min: 800_000, max: 12_000_000 },
    callMonths: 3,
    decision: { from: 'cut-off', workingDaysMax: 82 },
    grantMonths: [12],
    success: 0.45,
    full: 0.3,
    applicants: mix({
      'start-up': 12,
      sme: 14,
      'scale-up': 20,
      research: 28,
      'public-body': 8,
      'large-enterprise': 12,
      'tech-giant': 6,
    }),
  },
  'open-frontier': {
    demand: 3,
    requested: { min: 2_000_000, max: 8_000_000 },
    requestedAtGigafactory: { min: 8_000_000, max: 40_000_000 },
    callMonths: 3,
    decision: { from: 'cut-off', workingDaysMax: 45 },
    grantMonths: [6, 12],
    success: 0.4,
    full: 0.2,
    applicants: mix({ 'start-up': 10, 'scale-up': 34, research: 30, 'large-enterprise': 10, 'tech-giant': 16 }),
  },
};

function mix(weights: Partial<Record<Category, number>>): Record<Category, number> {
  const none = { 'start-up': 0, sme: 0, 'scale-up': 0, research: 0, 'public-body': 0 };
  return { ...none, 'large-enterprise': 0, 'tech-giant': 0, ...weights };
}

/** The value of the policy access-modes: what the access policy of mid 2026 sets. Other modes have no limit in days. */
export const MODES_IN_FORCE: DemoValue = {
  playground: { months: [1, 2, 3], decision: { workingDaysMax: 2, from: 'submission' } },
  'fast-lane': { chipHoursMax: 50_000, months: [1, 2, 3], decision: { workingDaysMax: 4, from: 'submission' } },
  'large-scale': { chipHoursMin: 50_001, months: [3, 6, 12], decision: { workingDaysMax: 10, from: 'cut-off' } },
  'ai-for-science': { months: [6] },
  regular: { months: [12] },
};
