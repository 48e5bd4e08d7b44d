import { ApiProperty } from '@nestjs/swagger';
import { FromDay, ListQueryDto, ToDay } from '../../http/list-query.dto.js';
import { REPORT_KINDS, type ReportKind } from '../events/publication.js';

const HEX_HASH = { pattern: '^[0-9a-f]{64}$', maxLength: 64 } as const;
const ROOT = { pattern: '^[A-Za-z0-9+/]{43}=$', maxLength: 44 } as const;
const COUNT = { type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
/** Bound in the API document, for clients that allocate memory. */
const VIEWS_MAX = 100;

/** A view, as the events give it. */
export class AttestedViewDto {
  /** @example 'partners' */
  @ApiProperty({ pattern: '^[a-z-]+$', maxLength: 64 })
  readonly view: string;
  /** Version of the rules that make its rows. */
  @ApiProperty({ type: 'integer', format: 'int32', minimum: 1, maximum: 2_147_483_647 })
  readonly version: number;
  /**
   * Its rows reflect the events up to this position.
   * @example 4217
   */
  @ApiProperty(COUNT)
  readonly position: number;
  /** @example 812 */
  @ApiProperty(COUNT)
  readonly rows: number;
  /**
   * Digest of its rows, hex. `src/audit/README.md` defines it.
   * @example 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
   */
  @ApiProperty(HEX_HASH)
  readonly sha256: string;
}

/** A report as of the position of the attestation. */
export class AttestedReportDto {
  @ApiProperty({ enum: [...REPORT_KINDS], enumName: 'ReportKind' })
  readonly kind: ReportKind;
  /** @example 34488 */
  @ApiProperty(COUNT)
  readonly byteCount: number;
  /**
   * Of its bytes, hex.
   * @example 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
   */
  @ApiProperty(HEX_HASH)
  readonly sha256: string;
}

/** An attestation: the events were folded a second time, and every served row was what they give. */
export class AttestationDto {
  /** @example '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37' */
  readonly id: string;
  /**
   * The position that everything below reflects at least.
   * @example 4217
   */
  @ApiProperty(COUNT)
  readonly position: number;
  /**
   * Merkle root over the events up to the position, base64.
   * @example '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
   */
  @ApiProperty(ROOT)
  readonly root: string;
  /** @example '2.0' */
  @ApiProperty({ pattern: '^[0-9]+\\.[0-9]+$', maxLength: 10 })
  readonly methodVersion: string;
  @ApiProperty({ type: () => [AttestedViewDto], maxItems: VIEWS_MAX })
  readonly views: AttestedViewDto[];
  @ApiProperty({ type: () => [AttestedReportDto], maxItems: VIEWS_MAX })
  readonly reports: AttestedReportDto[];
  /** @example '2026-11-28T01:00:00Z' */
  readonly attestedAt: string;
}

/** One page of attestations. */
export class AttestationPageDto {
  @ApiProperty({ type: () => [AttestationDto] })
  readonly data: AttestationDto[];
  /** Cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** Which attestations. */
export class ListAttestationsDto extends ListQueryDto {
  @FromDay('attestations that were recorded')
  readonly from?: string;

  @ToDay('attestations that were recorded')
  readonly to?: string;
}
