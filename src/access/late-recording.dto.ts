import { IsInstant, Optional } from '../http/validation.js';

/** A step of a request that may be recorded later than it happened. */
export class LateRecordingDto {
  /**
   * Instant at which the step took effect, if it is recorded late. Without it the step takes effect now. Only operator
   * and panel keys that are bound to no partner may set it. It must not be in the future, nor before the previous step.
   * @example "2026-03-02T09:30:00Z"
   */
  @Optional()
  @IsInstant()
  readonly effectiveAt?: string;
}
