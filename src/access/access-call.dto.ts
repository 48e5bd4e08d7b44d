import { IsChipHours, IsId, IsInstantOrDate, IsOneOf, IsText } from '../platform/validation.js';
import { MODES, type Mode } from './access-call.js';

/** Room for a title as calls carry it; a longer one is a description. */
export const TITLE_LENGTH_MAX = 200;

export class OpenAccessCallDto {
  /**
   * Facility that the call gives access to. An AI gigafactory needs a signed commitment of its hosting state first (Art. 12b(4)).
   * @example "6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60"
   */
  @IsId()
  readonly facilityId: string;

  /**
   * Mode of access of all requests that answer the call.
   * @example "fast-lane"
   */
  @IsOneOf(MODES, 'AccessMode')
  readonly mode: Mode;

  /**
   * Public title.
   * @example "Fast lane access, spring 2026"
   */
  @IsText(TITLE_LENGTH_MAX)
  readonly title: string;

  /**
   * First instant at which a request can be submitted.
   * @example "2026-03-01T00:00:00Z"
   */
  @IsInstantOrDate()
  readonly opensAt: string;

  /**
   * First instant at which none can be submitted any more; after opensAt.
   * @example "2026-06-01T00:00:00Z"
   */
  @IsInstantOrDate()
  readonly closesAt: string;

  /**
   * Chip-hours that the call offers altogether.
   * @example 2000000
   */
  @IsChipHours()
  readonly chipHours: number;
}
