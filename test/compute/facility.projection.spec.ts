import fc from 'fast-check';
import { installedOf, levelsAt, loadOf } from '../../src/compute/capacity-profile.js';
import { facility } from '../../src/compute/facility.js';
import type { FacilityEvent } from '../../src/compute/facility-events.js';
import { computeProjection } from '../../src/compute/facility.projection.js';
import type { RecordedEvent } from '../../src/ledger/event.js';
import { Rows, type Row } from '../../src/ledger/projector/projection.js';
import { streamOf } from '../../src/ledger/aggregate.js';
import { MS_PER_HOUR, formatInstant } from '../../src/ledger/time.js';
import {
  FACILITY_ID,
  HOST_ID,
  allocatedEvent,
  fold,
  installedEvent,
  policyEvent,
  registeredEvent,
  releasedEvent,
  retiredEvent,
} from './history.js';

const START = Date.parse('2027-03-01T00:00:00Z');
const HOURS = 24;
const at = (hour: number): string => formatInstant(START + hour * MS_PER_HOUR);

const recorded = (event: FacilityEvent, index: number): RecordedEvent => ({
  ...{ v: 1, id: `event ${index}`, stream: streamOf(facility, FACILITY_ID), revision: index, schema: 1 },
  ...{ recordedAt: at(0), actor: { id: 'operator', role: 'operator' }, commandId: 'c', correlationId: 'c' },
  ...event,
  position: 100 + index,
});

/** Applies a history in batches. Each batch sees only the stored rows that its events touch. */
function project(history: readonly FacilityEvent[], batchSize: number): Map<string, Row> {
  const stored = new Map<string, Row>();
  const events = history.map(recorded);
  for (let start = 0; start < events.length; start += batchSize) {
    const batch = events.slice(start, start + batchSize);
    const rows = new Rows();
    for (const { table, id } of batch.flatMap((event) => computeProjection.touches(event))) {
      const row = stored.get(`${table} ${id}`);
      if (row) rows.load(table, row);
    }
    for (const event of batch) computeProjection.apply(event, rows);
    for (const [table, changed] of rows.changes()) for (const row of changed) stored.set(`${table} ${row['id']}`, row);
  }
  return stored;
}

const rowsOf = (stored: ReadonlyMap<string, Row>, table: string): Row[] =>
  [...stored].filter(([key]) => key.startsWith(`${table} `)).map(([, row]) => row);

const hour = fc.integer({ min: 0, max: HOURS - 1 });
const history = fc
  .array(
    fc.record({
      chips: fc.integer({ min: 1, max: 9 }),
      hour,
      hours: fc.integer({ min: 1, max: 6 }),
      release: fc.option(hour),
    }),
    { maxLength: 30, size: 'max' },
  )
  .map((plans) => [
    registeredEvent(),
    installedEvent(500, at(0)),
    retiredEvent(20, at(3)),
    ...plans.flatMap(({ chips, hour: from, hours, release }, index) => {
      const facts = { allocationId: `allocation ${index}`, chips, from: at(from), to: at(from + hours) };
      const released = release !== null && release < from + hours ? [releasedEvent(at(release), facts)] : [];
      return [allocatedEvent(facts), ...released];
    }),
  ]);

describe('the rows of a facility', () => {
  it('add up, at every hour, to the chips of the write side', () => {
    fc.assert(
      fc.property(history, (events) => {
        const state = fold(events);
        const profile = state.status === 'registered' ? state.chipModels.get('GB300')?.profile : undefined;
        const changes = rowsOf(project(events, 7), 'capacity_changes');
        const hours = Array.from({ length: HOURS + 6 }, (_, time) => time);
        const shown = hours.map((time) => {
          const until = changes.filter((row) => String(row['changes_at']) <= at(time));
          const sum = (column: string) => until.reduce((total, row) => total + Number(row[column]), 0);
          return { installed: sum('installed_delta'), allocated: sum('allocated_delta') };
        });
        const known = hours.map((time) => {
          const levels = levelsAt(profile, START + time * MS_PER_HOUR);
          return { installed: installedOf(levels), allocated: installedOf(levels) + loadOf(levels) };
        });
        expect(shown).toEqual(known);
      }),
      { numRuns: 60 },
    );
  });

  it('are the same for any division of the events into batches', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 40 }), (events, batchSize) => {
        expect(project(events, batchSize)).toEqual(project(events, events.length));
      }),
      { numRuns: 60 },
    );
  });

  it('contain contributions, quotas and the latest revision', () => {
    const contribution = (partnerKind: 'union' | 'member-state' | 'private', deltaMinor: string): FacilityEvent => ({
      type: 'contribution-recorded',
      data: {
        commitmentId: 'c',
        partnerId: HOST_ID,
        partnerKind,
        kind: 'capex',
        deltaMinor,
        currency: 'EUR',
        signedOn: null,
      },
    });
    const stored = project(
      [
        registeredEvent(),
        contribution('union', '90071992547409930'),
        contribution('union', '-1'),
        contribution('member-state', '7'),
        contribution('private', '3'),
        policyEvent(1, at(0), { sme: 4 }, {}),
      ],
      2,
    );
    expect(rowsOf(stored, 'facilities')).toMatchObject([
      { id: FACILITY_ID, revision: 5, created_position: 100, currency: 'EUR' },
    ]);
    expect(rowsOf(stored, 'facilities')).toMatchObject([{ union_minor: '90071992547409929', states_minor: '7' }]);
    expect(rowsOf(stored, 'quota_policies')).toMatchObject([
      { facility_id: FACILITY_ID, version: 1, floors: { sme: 4 }, created_position: 105 },
    ]);
  });

  it('stop at an unknown event', () => {
    expect(() => project([registeredEvent(), releasedEvent(at(1))], 1)).toThrow(/allocation-1/);
  });
});
