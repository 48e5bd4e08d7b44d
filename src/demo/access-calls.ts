import type { Mode } from '../domain/access-modes.js';
import { addDays, addMonths, firstOfNextMonth, PROGRAMME_END } from './calendar.js';
import type { Facility } from './facilities.js';
import { MODE_PROFILES } from './modes.js';

export interface AccessCall {
  /** Name of the command that opens the call. */
  readonly name: string;
  readonly facility: Facility;
  readonly mode: Mode;
  readonly title: string;
  /** Dates; the interval includes `opensOn` and excludes `closesOn`. */
  readonly opensOn: string;
  readonly closesOn: string;
  /** Weight of the call in the distribution of the programme's requests over the calls. */
  readonly demand: number;
}

/** Every AI factory offers the small modes. Only facilities with large systems offer the large modes. */
const MODES_OF: Readonly<Record<'gigafactory' | 'large' | 'small', readonly Mode[]>> = {
  gigafactory: ['large-scale', 'regular', 'open-frontier'],
  large: ['playground', 'fast-lane', 'large-scale', 'ai-for-science', 'regular'],
  small: ['playground', 'fast-lane'],
};
/** An AI factory with at least this many chips offers all modes. */
const LARGE_CHIPS_MIN = 9_000;
/** Demand at a gigafactory, as a multiple of the demand at an AI factory: it is new and has many times the chips. */
const GIGAFACTORY_DEMAND = 7;
/** A call that is open for fewer days before the end of the programme has no requests to show, so none is opened. */
const CALL_DAYS_MIN = 28;
/** Demand at the end of the two years, as a multiple of the demand at the beginning. */
const DEMAND_GROWTH = 2.5;
const PROGRAMME_MONTHS = 24;

export function planAccessCalls(facilities: readonly Facility[]): AccessCall[] {
  return facilities.flatMap((facility) => modesOf(facility).flatMap((mode) => callsOf(facility, mode)));
}

function modesOf({ kind, installations }: Facility): readonly Mode[] {
  if (kind === 'ai-gigafactory') return MODES_OF.gigafactory;
  const chips = installations.reduce((sum, installation) => sum + installation.chips, 0);
  return chips >= LARGE_CHIPS_MIN ? MODES_OF.large : MODES_OF.small;
}

function callsOf(facility: Facility, mode: Mode): AccessCall[] {
  const { callMonths, demand } = MODE_PROFILES[mode];
  const scale = facility.kind === 'ai-gigafactory' ? GIGAFACTORY_DEMAND : 1;
  const calls: AccessCall[] = [];
  let opensOn = facility.opensOn;
  for (let number = 1; addDays(opensOn, CALL_DAYS_MIN) <= PROGRAMME_END; number += 1) {
    const closesOn = addMonths(`${opensOn.slice(0, 7)}-01`, callMonths);
    const growth = 1 + (DEMAND_GROWTH - 1) * (monthsSinceStart(opensOn) / PROGRAMME_MONTHS);
    calls.push({
      name: `access-call:${facility.name.slice('facility:'.length)}-${mode}-${number}`,
      facility,
      mode,
      title: `${facility.label}: ${mode}, call ${number} (illustrative)`,
      opensOn,
      closesOn,
      demand: demand * callMonths * growth * scale,
    });
    // After a cut-off the mode pauses for a month, in which the panel assesses the requests of the closed call.
    opensOn = MODE_PROFILES[mode].decision.from === 'cut-off' ? firstOfNextMonth(closesOn) : closesOn;
  }
  return calls;
}

const monthsSinceStart = (date: string): number =>
  (Number(date.slice(0, 4)) - 2024) * 12 + Number(date.slice(5, 7)) - 11;
