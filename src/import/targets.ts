import { AllocateDto } from '../access/allocation.dto.js';
import { UsageRecordDto } from '../access/usage.dto.js';
import { PledgeCommitmentDto } from '../capital/commitment.dto.js';
import { Refusal, type FieldError } from '../ledger/refusal.js';
import { RegisterPartnerDto } from '../partners/partner.dto.js';
import { EdgeValidationPipe } from '../http/validation.pipe.js';
import { IdParams } from '../http/validation.js';
import type { Kind } from './conversion.js';

/** What a row becomes: one command of the API. */
export interface Target {
  readonly path: string;
  /** Field that stands for `{id}` in the path. */
  readonly pathField?: string;
  /** Class that the API checks a row against. */
  readonly row: new () => object;
  readonly bodyOf: (row: object) => object;
  /** Fields that are no text. */
  readonly kinds: Readonly<Record<string, Kind>>;
  /** What only the ledger knows: what a dry run says that it did not check. */
  readonly unchecked: string;
}

const asItIs = (row: object): object => row;

export const TARGETS = {
  partners: {
    path: '/v1/partners',
    row: RegisterPartnerDto,
    bodyOf: asItIs,
    kinds: { registeredOn: 'date', illustrative: 'flag' },
    unchecked: 'whether the registration dates have come',
  },
  commitments: {
    path: '/v1/commitments',
    row: PledgeCommitmentDto,
    bodyOf: asItIs,
    kinds: { amountMinor: 'money', illustrative: 'flag' },
    unchecked: 'whether fund, layer, partner and facility exist and fit each other',
  },
  allocations: {
    path: '/v1/facilities/{id}/allocations',
    pathField: 'facilityId',
    row: AllocateDto,
    bodyOf: asItIs,
    kinds: { chips: 'whole', from: 'instant', to: 'instant' },
    unchecked: 'whether grants and facilities exist, and whether chips, quotas and grants leave room',
  },
  usage: {
    // One command a row, and not one for many: a row that is mended must not make those beside it new.
    path: '/v1/usage',
    row: UsageRecordDto,
    bodyOf: (row) => ({ records: [row] }),
    kinds: { chipHours: 'whole', from: 'instant', to: 'instant' },
    unchecked: 'whether the allocations exist, and whether more was used than allocated',
  },
} satisfies Readonly<Record<string, Target>>;

export type TargetName = keyof typeof TARGETS;
export const TARGET_NAMES = Object.keys(TARGETS) as readonly TargetName[];

const pipe = new EdgeValidationPipe();

/** Everything that is wrong with a row, as the API would say it without looking at the ledger. */
export async function faultsOf(target: Target, row: Readonly<Record<string, unknown>>): Promise<readonly FieldError[]> {
  const { pathField } = target;
  if (pathField === undefined) return errorsOf(row, target.row);
  const { [pathField]: id, ...rest } = row;
  const [inPath, inBody] = await Promise.all([errorsOf({ id }, IdParams), errorsOf(rest, target.row)]);
  const named = inPath.map(({ detail }) => ({
    pointer: `/${pathField}`,
    detail: detail.replace(/^id /, `${pathField} `),
  }));
  return [...named, ...inBody];
}

/** The names of the fields that a row cannot do without. */
export async function requiredFields(target: Target): Promise<readonly string[]> {
  return (await faultsOf(target, {})).map(({ pointer }) => pointer.slice(1));
}

async function errorsOf(value: object, metatype: new () => object): Promise<readonly FieldError[]> {
  try {
    await pipe.transform(value, { type: 'body', metatype });
    return [];
  } catch (error) {
    if (error instanceof Refusal)
      return error.errors.length > 0 ? error.errors : [{ pointer: '', detail: error.detail }];
    throw error;
  }
}
