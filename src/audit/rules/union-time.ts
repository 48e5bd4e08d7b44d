import { requireNotOverdrawn, requirePeriod, stretchOf, type HourBook } from './hour-book.js';
import type { Facts } from './rule.js';

// Hours that become those of the Union: given by a Member State, or for the residual value when ownership is transferred.

/** Art. 12b(12). */
const OWNERSHIP_YEARS_MIN = 5;

/** Art. 12b(10): a Member State gives time to the Union. */
export function donate(book: HourBook, facts: Facts): void {
  const stretch = stretchOf(facts);
  const [fromId, toId] = [facts.text('fromPoolId'), facts.text('unionPoolId')];
  const [donor, taker] = [book.pools.get(fromId), book.pools.get(toId)];
  facts.require(
    donor?.owner === 'member-state',
    'The time that is given is not that of a Member State (Art. 12b(10)).',
  );
  facts.requireSame(facts.text('partnerId'), donor?.partnerId, 'The time is given by another partner than its owner.');
  facts.require(taker?.owner === 'union', 'The time is not given to the Union (Art. 12b(10)).');
  requirePeriod(book, stretch, facts);
  const [from, to] = [facts.instant('from'), facts.instant('to')];
  const isInside = stretch.from <= from && from < to && to <= stretch.to;
  facts.require(isInside, 'The time is given for an interval outside of its period.');
  book.give(fromId, toId, stretch, BigInt(facts.count('unitHours')));
  requireNotOverdrawn(book, fromId, stretch, facts, 'The state gives more hours than its pool has left.');
}

/** Art. 12b(12): ownership is transferred, and the residual value becomes hours of the Union. */
export function transfer(book: HourBook, facts: Facts): void {
  const stretch = stretchOf(facts);
  facts.require(book.transferredOn === undefined, 'Ownership is transferred a second time.');
  const on = facts.date('on');
  book.transferredOn = on;
  facts.require(book.startedOn !== undefined, 'Ownership is transferred before operations started.');
  const earliest = yearsLater(book.startedOn ?? on);
  facts.require(
    on >= earliest,
    'Ownership is transferred within five years (Art. 12b(12)).',
    `${earliest} or later`,
    on,
  );
  const poolId = facts.text('unionPoolId');
  facts.require(
    book.pools.get(poolId)?.owner === 'union',
    'The residual value becomes hours of another than the Union.',
  );
  const available = requirePeriod(book, stretch, facts);
  const isInside = stretch.from <= Date.parse(on) && Date.parse(on) < stretch.to;
  facts.require(isInside, 'The day of the transfer lies outside of the period.');
  const [residual, capex] = [facts.minor('residualMinor'), facts.minor('capexMinor')];
  facts.require(capex === book.capexMinor, 'The CAPEX is not that of the facility.', book.capexMinor, capex);
  facts.require(residual >= 0n && residual <= capex, 'The residual value is below 0 or above the CAPEX.');
  facts.require(
    BigInt(facts.count('availableUnitHours')) === available,
    'The available hours are not those of the period.',
    available,
    facts.data['availableUnitHours'],
  );
  const hours = BigInt(facts.count('unitHours'));
  const isFormula = hours * capex <= residual * available && residual * available < (hours + 1n) * capex;
  facts.require(
    isFormula,
    'The hours do not follow from the residual value (Art. 12b(12)).',
    (residual * available) / capex,
    hours,
  );
  book.addResidual(poolId, stretch, hours);
}

/** The same day five years later; the day after for 29 February. */
function yearsLater(date: string): string {
  const later = `${Number(date.slice(0, 4)) + OWNERSHIP_YEARS_MIN}${date.slice(4)}`;
  return date.endsWith('-02-29') ? later.replace('-02-29', '-03-01') : later;
}
