import { AllocateDto } from '../access/allocation.dto.js';
import { UsageRecordDto } from '../access/usage.dto.js';
import { PledgeCommitmentDto } from '../capital/commitment.dto.js';
import { Refusal, type FieldError } from '../ledger/refusal.js';
import { RegisterPartnerDto } from '../partners/partner.dto.js';
import { EdgeValidationPipe } from '../http/validation.pipe.js';
import { IdParams } from '../http/validation.js';
import type { Kind } from './conversion.js';

/** The command of the API that a row is converted to. */
export interface Target {
  readonly path: string;
  /** The field that replaces `{id}` in the path. */
  readonly pathField?: string;
  /** The class that the API validates a row with. */
  readonly row: new () => object;
  readonly bodyOf: (row: object) => object;
  /** Types of the fields that are not text. */
  readonly kinds: Readonly<Record<string, Kind>>;
  /** Facts that only the ledger knows. A dry run reports them as not checked. */
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
    // One command for each row. In a command of many rows, the correction of one row would change the key of the
    // others.
    path: '/v1/usage',
    row: UsageRecordDto,
    bodyOf: (row) => ({ records: [row] }),
    kinds: { chipHours: 'whole', from: 'instant', to: 'instant' },
    unchecked: 'whether the allocations exist, and whether more was used than was allocated or than the chips give',
  },
} satisfies Readonly<Record<string, Target>>;

export type TargetName = keyof typeof TARGETS;
export const TARGET_NAMES = Object.keys(TARGETS) as readonly TargetName[];

const pipe = new EdgeValidationPipe();

/** All faults of a row, in the words of the API, as far as they can be found without the ledger. */
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

/** The names of the required fields of a row. */
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
