import type { Principal } from '../ledger/command-context.js';
import type { Condition } from '../http/read-model.js';

/**
 * What of a table a reader may see. A credential that is bound to a partner sees as `partner` what is that partner's, as
 * `facility` what concerns the facilities that it operates; every other credential sees all.
 *
 * `table` has the columns `partner_id` and `operator_partner_id`, and `name` stands for it in the statement.
 */
export function ownRows(
  table: string,
  name: string,
  { partnerId, roles }: Principal,
): { from: string; own?: Condition } {
  if (partnerId === undefined) return { from: `${table} ${name}` };
  if (!roles.includes('facility')) return { from: `${table} ${name}`, own: { column: 'partner_id', value: partnerId } };
  if (!roles.includes('partner')) {
    return { from: `${table} ${name}`, own: { column: 'operator_partner_id', value: partnerId } };
  }
  // Both: one row for each of the two (for one, where they are the same), of which the condition keeps the right one.
  const owned = `(
    select t.*, o.owner_id
    from ${table} t cross join lateral (select t.partner_id union select t.operator_partner_id) o (owner_id)
  ) ${name}`;
  return { from: owned, own: { column: 'owner_id', value: partnerId } };
}
