import { ApiProperty } from '@nestjs/swagger';

/** The process answers. */
export class LivenessDto {
  @ApiProperty({ enum: ['ok'] })
  readonly status: 'ok';
}

/** How far the parts of the service are. The members of the lists differ by part. */
export class ReadinessDto {
  /** `unready`: send requests to another instance. */
  @ApiProperty({ enum: ['ok', 'unready'] })
  readonly status: 'ok' | 'unready';
  /**
   * Last position of the history; null when the database does not answer.
   * @example 42
   */
  readonly position: number | null;
  /** The views that reads are answered from, each with its name, its position and how far it is behind. */
  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: true } })
  readonly projections: readonly object[];
  /** The signed log: its size and how far it is behind; null before it is opened. */
  @ApiProperty({ type: 'object', nullable: true, additionalProperties: true })
  readonly log: object | null;
  /** The witnesses of the policy, each with its name and how far it is behind. */
  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: true } })
  readonly witnesses: readonly object[];
  /** Why the service is not ready. */
  @ApiProperty({ pattern: String.raw`^\S[\s\S]*$`, maxLength: 1_000 })
  readonly reason?: string;
}
