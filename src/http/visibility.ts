import type { Principal, Role } from '../ledger/command-context.js';

/**
 * How a row can belong to a partner, with the roles that let a credential of this partner see the row. A credential that is
 * bound to no partner belongs to the programme and sees every row.
 */
const SEEN_BY = {
  /** The row describes the partner. */
  self: ['partner', 'facility'],
  /** The partner promised, applied or holds. A `facility` key is for the machines of a site, which need none of this. */
  owner: ['partner'],
  /** The partner operates the facility of the row. */
  operator: ['partner', 'facility'],
  /** The row asks for chips of a facility that the partner operates, and may never be granted: only the key of the site needs it. */
  asked: ['facility'],
  /** The facility of the row names the partner as its hosting state. */
  hostState: ['partner', 'facility'],
} as const satisfies Record<string, readonly Role[]>;

type Relation = keyof typeof SEEN_BY;
const RELATIONS = Object.keys(SEEN_BY) as readonly Relation[];

/** For each relation that a table knows, the column with the id of the partner. */
export type Belonging = Readonly<Partial<Record<Relation, string>>>;

/** The rows of a table that a reader may see. */
export interface VisibleRows {
  /** The text of SQL that belongs after `from`. */
  readonly from: string;
  /** The partner that the reader is bound to, and the columns of which one must name it. Missing where every row is visible. */
  readonly viewer?: { readonly partnerId: string; readonly columns: readonly string[] };
}

/** Rows that are no partner's own: every reader whom the route lets in sees them. */
export const rowsForAll = (table: string): VisibleRows => ({ from: table });

/** The one rule of what a caller may see. `table` is a table or a select in brackets, and `name` names it in the statement. */
export function rowsFor(
  { partnerId, roles }: Principal,
  { table, name, belongs }: { readonly table: string; readonly name: string; readonly belongs: Belonging },
): VisibleRows {
  const from = `${table} as ${name}`;
  if (partnerId === undefined) return { from };
  const columns = RELATIONS.flatMap((relation) => {
    const column = belongs[relation];
    return column !== undefined && SEEN_BY[relation].some((role) => roles.includes(role)) ? [column] : [];
  });
  return { from, viewer: { partnerId, columns } };
}

/** Conditions of which a visible row meets exactly one, also where it belongs to the reader in two ways. */
export function branchesOf({ viewer }: VisibleRows, values: unknown[]): readonly string[] {
  if (viewer === undefined) return ['true'];
  if (viewer.columns.length === 0) return ['false'];
  const id = `$${values.push(viewer.partnerId)}`;
  return viewer.columns.map((column, at) => {
    const others = viewer.columns.slice(0, at).map((earlier) => ` and ${earlier} is distinct from ${id}`);
    return `${column} = ${id}${others.join('')}`;
  });
}

/** Roles that need sealed content, to decide on it or to audit the decisions. */
const CONFIDANTS: ReadonlySet<Role> = new Set<Role>(['operator', 'panel', 'auditor']);

/** Whether a reader may see sealed content. `owner`: the partner that the content is from, if this partner may read it back. */
export const maySeeSealed = (reader: Principal | undefined, owner?: string): boolean =>
  reader !== undefined &&
  (reader.roles.some((role) => CONFIDANTS.has(role)) || (owner !== undefined && reader.partnerId === owner));
