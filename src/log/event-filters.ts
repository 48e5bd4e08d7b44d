import { Refusal } from '../ledger/refusal.js';

/** Which events of the history a reader asks for. A filter that is left out lets all pass; several are all met. */
export interface EventFilters {
  readonly stream?: string;
  /** One of them. */
  readonly types?: readonly string[];
  /** Concerns this partner, as the declaration of its type says. */
  readonly partnerId?: string;
}

/** How many names a refusal suggests. */
const SUGGESTIONS_MAX = 3;

/** @throws Refusal `unknown-event-type` (400) that names the types nearest to an unknown one: a wrong type would find nothing, silently. */
export function requireKnownTypes(types: readonly string[], known: readonly string[]): void {
  const unknown = types.find((type) => !known.includes(type));
  if (unknown === undefined) return;
  const nearest = known
    .map((type) => ({ type, distance: distanceOf(type, unknown) }))
    .sort((one, other) => one.distance - other.distance)
    .slice(0, SUGGESTIONS_MAX)
    .map(({ type }) => type);
  const detail = `There is no event type "${unknown}". The nearest are ${nearest.join(', ')}.`;
  throw new Refusal('malformed', 'unknown-event-type', detail, { nearest }, [{ pointer: '/type', detail }]);
}

/** Levenshtein distance: characters to insert, remove or replace. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, character] of [...one].entries()) {
    const next = [at + 1];
    for (let to = 1; to <= other.length; to += 1) {
      const replaced = (row[to - 1] ?? 0) + (other[to - 1] === character ? 0 : 1);
      next.push(Math.min(replaced, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
