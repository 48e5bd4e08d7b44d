import type { Allocation } from './allocations.js';
import { daysBetween, firstOfNextMonth, midnight, PROGRAMME_END } from './calendar.js';
import type { CommandList, DemoBody } from './command-list.js';
import { groupedBy } from './grouping.js';

const HOURS_PER_DAY = 24;

interface UsageSlice {
  readonly allocation: Allocation;
  /** Dates inside one month; the interval includes `from` and excludes `to`. */
  readonly from: string;
  readonly to: string;
}

/** Reports the use of every facility month by month, up to the end of the two years. */
export function addUsage(
  commands: CommandList,
  allocations: readonly Allocation[],
  revokedOn: ReadonlyMap<string, string>,
): void {
  const slices = allocations.flatMap((allocation) => slicesOf(allocation, revokedOn.get(allocation.request.name)));
  const reports = groupedBy(slices, ({ allocation, from }) => {
    const facility = allocation.request.call.facility.name.slice('facility:'.length);
    return `usage:${facility}-${from.slice(0, 7)}`;
  });
  for (const name of [...reports.keys()].sort()) {
    const records = reports.get(name) ?? [];
    commands.add({
      name,
      path: '/v1/usage',
      body: { records: records.map(recordOf) },
      after: settledBy(commands, records),
    });
  }
}

/** A release or revocation is recorded before the use, so that no use is reported after the end of the allocation. */
function settledBy(commands: CommandList, slices: readonly UsageSlice[]): string[] {
  const names = slices.flatMap(({ allocation }) => [
    `release:${allocation.name}`,
    `revocation:${allocation.request.name}`,
  ]);
  return [...new Set(names)].filter((name) => commands.has(name));
}

function slicesOf(allocation: Allocation, revokedOn = PROGRAMME_END): UsageSlice[] {
  const { releasedOn = PROGRAMME_END } = allocation;
  const end = [allocation.to, releasedOn, revokedOn, PROGRAMME_END].sort()[0] ?? PROGRAMME_END;
  const slices: UsageSlice[] = [];
  for (let from = allocation.from; from < end; from = firstOfNextMonth(from)) {
    const next = firstOfNextMonth(from);
    slices.push({ allocation, from, to: next < end ? next : end });
  }
  return slices;
}

function recordOf({ allocation, from, to }: UsageSlice): DemoBody {
  const allocatedHours = allocation.chips * daysBetween(from, to) * HOURS_PER_DAY;
  return {
    allocationId: { ref: allocation.name },
    from: midnight(from),
    to: midnight(to),
    chipHours: Math.round(allocatedHours * allocation.utilisation),
  };
}
