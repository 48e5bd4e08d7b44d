import { IsInstant, Optional } from '../http/validation.js';

/** A step of a request that may be recorded after it happened. */
export class LateRecordingDto {
  /**
   * When the step took effect, if it is recorded late; without it the step takes effect now. Operator and panel keys
   * that are bound to no partner only; neither in the future nor before the step that came before.
   * @example "2026-03-02T09:30:00Z"
   */
  @Optional()
  @IsInstant()
  readonly effectiveAt?: string;
}
