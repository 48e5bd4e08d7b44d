import { idOf } from '../../ledger/aggregate.js';
import type { RecordedEvent } from '../../ledger/event.js';
import { parseInstant } from '../../ledger/time.js';
import {
  addInterval,
  addStep,
  releasedFrom,
  spreadOverMonths,
  type ChipSteps,
  type Month,
} from '../measures/chip-time.js';
import { unknownToReport } from '../events/ledger-event.js';
import type { EventOf } from './method-events.js';

/**
 * The part of the state for the capacity report: installed, allocated and used chip-time by facility and month. It grows with the months
 * that have changes, not with the number of allocations or reports of usage.
 */
export interface CapacityState {
  readonly facilities: Map<string, FacilityCapacity>;
}

export interface FacilityCapacity {
  name: string;
  country: string;
  /** True when the facility, or a request for access to it, is marked illustrative. */
  illustrative: boolean;
  readonly chipModels: Map<string, { readonly installed: ChipSteps; readonly allocated: ChipSteps }>;
  /** Chip-milliseconds used. */
  readonly used: Map<Month, bigint>;
}

export const initialCapacity = (): CapacityState => ({ facilities: new Map() });

type CapacityFacilityEvent = EventOf<
  'facility-registered' | 'capacity-installed' | 'capacity-retired' | 'chips-allocated' | 'allocation-released'
>;
export type CapacityEvent = CapacityFacilityEvent | EventOf<'usage-reported' | 'access-request-submitted'>;

/** Applies one event to the state, in place. */
export function foldCapacity(state: CapacityState, event: CapacityEvent, stream: RecordedEvent['stream']): void {
  switch (event.type) {
    case 'access-request-submitted':
      if (event.data.illustrative) facilityOf(state, event.data.facilityId).illustrative = true;
      return;
    case 'usage-reported': {
      const { used } = facilityOf(state, event.data.facilityId);
      for (const { chipHours, from, to } of event.data.records) {
        spreadOverMonths(used, chipHours, parseInstant(from), parseInstant(to));
      }
      return;
    }
    default:
      foldFacility(facilityOf(state, idOf(stream, 'facility')), event);
  }
}

function foldFacility(facility: FacilityCapacity, event: CapacityFacilityEvent): void {
  switch (event.type) {
    case 'facility-registered':
      facility.name = event.data.name;
      facility.country = event.data.country;
      if (event.data.illustrative) facility.illustrative = true;
      return;
    case 'capacity-installed':
      addStep(
        modelOf(facility, event.data.chipModel).installed,
        parseInstant(event.data.effectiveFrom),
        event.data.chips,
      );
      return;
    case 'capacity-retired':
      addStep(
        modelOf(facility, event.data.chipModel).installed,
        parseInstant(event.data.effectiveFrom),
        -event.data.chips,
      );
      return;
    case 'chips-allocated': {
      const { chipModel, chips, from, to } = event.data;
      addInterval(modelOf(facility, chipModel).allocated, parseInstant(from), parseInstant(to), chips);
      return;
    }
    case 'allocation-released': {
      const { chipModel, chips, to } = event.data;
      addInterval(modelOf(facility, chipModel).allocated, releasedFrom(event.data), parseInstant(to), -chips);
      return;
    }
    default:
      unknownToReport(event);
  }
}

function facilityOf(state: CapacityState, facilityId: string): FacilityCapacity {
  const known = state.facilities.get(facilityId);
  if (known) return known;
  const facility = { name: '', country: '', illustrative: false, chipModels: new Map(), used: new Map() };
  state.facilities.set(facilityId, facility);
  return facility;
}

function modelOf(facility: FacilityCapacity, chipModel: string): { installed: ChipSteps; allocated: ChipSteps } {
  const known = facility.chipModels.get(chipModel);
  if (known) return known;
  const model = { installed: new Map(), allocated: new Map() };
  facility.chipModels.set(chipModel, model);
  return model;
}
