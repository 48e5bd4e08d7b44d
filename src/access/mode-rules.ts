import type { Mode } from '../domain/access-modes.js';
import type { Category } from '../domain/categories.js';
import type { PolicyVersion } from '../governance/policy.js';
import type { PolicyValues } from '../governance/policy-values.js';
import { refuse } from '../ledger/refusal.js';
import { formatInstant, parseInstant } from '../ledger/time.js';

/**
 * The rules of the modes that are in force; null before the policy `access-modes` was adopted. Hours, durations and audiences are rules
 * of the access policy of the Joint Undertaking and not of the law, so that none of them binds before the board adopts it.
 */
export type ModeRules = Pick<PolicyVersion<'access-modes'>, 'value' | 'version'> | null;

type RulesOfMode = NonNullable<PolicyValues['access-modes'][Mode]>;

function rulesOf(rules: ModeRules, mode: Mode): (RulesOfMode & { readonly policyVersion: number }) | undefined {
  const ofMode = rules?.value[mode];
  return rules && ofMode ? { ...ofMode, policyVersion: rules.version } : undefined;
}

/**
 * Requires that a request fits its mode: the hours that it asks for, and the category of its applicant.
 * @throws Refusal `chip-hours-above-mode-limit`, `chip-hours-below-mode-limit`, `mode-not-for-category` (409).
 */
export function requireWithinMode(rules: ModeRules, mode: Mode, category: Category, chipHours: number): void {
  const ofMode = rulesOf(rules, mode);
  if (!ofMode) return;
  const { chipHoursMin = 0, chipHoursMax = Infinity, audience, policyVersion } = ofMode;
  if (chipHours > chipHoursMax) {
    throw refuse(
      'chip-hours-above-mode-limit',
      `A ${mode} request may ask for at most ${chipHoursMax} chip-hours, not ${chipHours}. Ask for less, or answer a call of another mode.`,
      { mode, chipHours, chipHoursMax, policyVersion },
    );
  }
  if (chipHours < chipHoursMin) {
    throw refuse(
      'chip-hours-below-mode-limit',
      `A ${mode} request asks for at least ${chipHoursMin} chip-hours, not ${chipHours}. Answer a call of a smaller mode.`,
      { mode, chipHours, chipHoursMin, policyVersion },
    );
  }
  if (audience && !audience.includes(category)) {
    throw refuse(
      'mode-not-for-category',
      `The mode ${mode} is for ${audience.join(', ')}, and the applicant was of the category ${category}. Answer a call of another mode.`,
      { mode, category, audience, policyVersion },
    );
  }
}

/**
 * Requires that a grant is valid for a number of months that its mode has.
 * @throws Refusal `grant-length-not-allowed` (409).
 */
export function requireLength(rules: ModeRules, mode: Mode, validFrom: string, validTo: string): void {
  const ofMode = rulesOf(rules, mode);
  if (!ofMode?.months) return;
  const { months, policyVersion } = ofMode;
  if (months.some((count) => monthsAfter(validFrom, count) === validTo)) return;
  throw refuse(
    'grant-length-not-allowed',
    `A ${mode} grant is valid for ${months.join(', ')} months, and this one would be valid from ${validFrom} to ${validTo}. ` +
      `Let it end ${months.map((count) => monthsAfter(validFrom, count)).join(' or ')}.`,
    { mode, validFrom, validTo, months, policyVersion },
  );
}

/** The same time of the day so many months later; in a shorter month on its last day. */
function monthsAfter(instant: string, months: number): string {
  const at = new Date(parseInstant(instant));
  const day = at.getUTCDate();
  at.setUTCMonth(at.getUTCMonth() + months, 1);
  const lastDay = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate();
  return formatInstant(at.setUTCDate(Math.min(day, lastDay)));
}
