import type { Mode } from '../domain/access-modes.js';
import { addDays, addMonths, firstOfNextMonth, PROGRAMME_END } from './calendar.js';
import type { Facility } from './facilities.js';
import { MODE_PROFILES } from './modes.js';

export interface AccessCall {
  /** Name of the command that opens it. */
  readonly name: string;
  readonly facility: Facility;
  readonly mode: Mode;
  readonly title: string;
  /** Half-open dates. */
  readonly opensOn: string;
  readonly closesOn: string;
  /** How many of the programme's requests answer it, beside the other calls. */
  readonly demand: number;
}

/** The small modes are offered everywhere, the large ones where the large systems are. */
const MODES_OF: Readonly<Record<'gigafactory' | 'large' | 'small', readonly Mode[]>> = {
  gigafactory: ['large-scale', 'regular', 'open-frontier'],
  large: ['playground', 'fast-lane', 'large-scale', 'ai-for-science', 'regular'],
  small: ['playground', 'fast-lane'],
};
/** Chips of an AI factory that offers all modes. */
const LARGE_CHIPS_MIN = 9_000;
/** What a gigafactory draws beside an AI factory: it is new, and many times as large. */
const GIGAFACTORY_DEMAND = 7;
/** A call that has just opened at the end of the programme holds nothing to show. */
const CALL_DAYS_MIN = 28;
/** Demand at the end of the two years beside that at the beginning. */
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
    // A cut-off mode pauses for a month, in which the requests of the closed call are assessed.
    opensOn = MODE_PROFILES[mode].decision.from === 'cut-off' ? firstOfNextMonth(closesOn) : closesOn;
  }
  return calls;
}

const monthsSinceStart = (date: string): number =>
  (Number(date.slice(0, 4)) - 2024) * 12 + Number(date.slice(5, 7)) - 11;
