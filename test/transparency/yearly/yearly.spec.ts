import fc from 'fast-check';
import { EMPTY_ROOT } from '../../../src/tlog/merkle.js';
import { Positions, positionsText, type PositionRange } from '../../../src/transparency/yearly/positions.js';
import { YearlyUse } from '../../../src/transparency/yearly/yearly.js';
import {
  YEARLY_FIGURE_NAMES,
  yearlyCsv,
  yearlyJson,
  type YearlyFigureName,
  type YearlyFile,
  type YearlyRow,
} from '../../../src/transparency/yearly/yearly-file.js';
import type { RecordedEvent } from '../../../src/ledger/event.js';
import { History, randomHistory } from '../history.js';
import { stories } from '../stories.js';

function fileOf(year: number, events: readonly RecordedEvent[]): YearlyFile {
  const use = new YearlyUse(year);
  for (const event of events) use.accept(event);
  return use.file(EMPTY_ROOT);
}
const figuresOf = ({ figures }: YearlyRow, ...names: YearlyFigureName[]) => names.map((name) => figures[name]);
const isWithin = (position: number, ranges: readonly PositionRange[]): boolean =>
  ranges.some(([first, last]) => first <= position && position <= last);

const PLACE = { category: 'sme', country: 'FI', mode: 'regular' } as const;
const APPLICATION = {
  ...PLACE,
  callId: 'c',
  facilityId: 'f',
  partnerId: 'p',
  ultimateParentId: 'p',
  chipHoursRequested: 100,
  submittedAt: '2025-12-31T23:59:59.999Z',
};
const ALLOCATED = {
  ...PLACE,
  ...{
    allocationId: 'a',
    grantId: 'r',
    partnerId: 'p',
    chipModel: 'gb300',
    chips: 10,
    protection: 'category' as const,
  },
};

function yearEnd(): History {
  const history = new History();
  const facility = { name: 'Factory', country: 'FI', kind: 'ai-factory' } as const;
  history.record('facility-f', { type: 'facility-registered', data: facility });
  history.record('access-request-r', {
    type: 'access-request-submitted',
    data: { ...APPLICATION, sector: 'health', submittedBy: 'p' },
  });
  const grant = {
    chipHours: 90,
    priceBasis: 'free',
    validFrom: '2026-01-01T00:00:00Z',
    validTo: '2027-01-01T00:00:00Z',
  } as const;
  history.record('access-request-r', {
    type: 'access-granted',
    data: { ...APPLICATION, ...grant, reasonCodes: ['any'], decidedAt: '2026-01-01T00:00:00Z' },
  });
  // Two hours in the old year, six in the new one, of which the last three are given back.
  const interval = { from: '2025-12-31T22:00:00Z', to: '2026-01-01T06:00:00Z' };
  history.record('facility-f', { type: 'chips-allocated', data: { ...ALLOCATED, ...interval } });
  history.record('facility-f', {
    type: 'allocation-released',
    data: { ...ALLOCATED, ...interval, at: '2026-01-01T03:00:00Z', reason: 'any' },
  });
  const record = { ...PLACE, ...interval, allocationId: 'a', grantId: 'r', partnerId: 'p' };
  const records = [
    { ...record, chipHours: 40 },
    { ...record, chipHours: 8, flag: 'exceeds-allocation' as const },
  ];
  history.record('usage-f', { type: 'usage-reported', data: { facilityId: 'f', records } });
  return history;
}

describe('the yearly file', () => {
  it('counts use within the year, to the millisecond, and names the events of every figure', () => {
    const { events } = yearEnd();
    const [before, after] = [fileOf(2025, events), fileOf(2026, events)];
    expect(before.rows).toHaveLength(1);
    expect(before.rows[0]).toMatchObject({ facilityId: 'f', facilityName: 'Factory', category: 'sme', country: 'FI' });
    const names = ['requestsSubmitted', 'chipHoursRequested', 'requestsGranted', 'chipHoursGrantedFree'] as const;
    expect(figuresOf(before.total, ...names)).toEqual([
      { value: 1, positions: [[2, 2]] },
      { value: 100, positions: [[2, 2]] },
      { value: 0, positions: [] },
      { value: 0, positions: [] },
    ]);
    expect(figuresOf(after.total, ...names)).toEqual([
      { value: 0, positions: [] },
      { value: 0, positions: [] },
      { value: 1, positions: [[3, 3]] },
      { value: 90, positions: [[3, 3]] },
    ]);
    const times = ['chipHoursAllocated', 'chipHoursUsed', 'chipHoursUsedFlagged'] as const;
    expect(figuresOf(before.total, ...times)).toEqual([
      { value: 20, positions: [[4, 4]] },
      { value: 12, positions: [[6, 6]] },
      { value: 2, positions: [[6, 6]] },
    ]);
    expect(figuresOf(after.total, ...times)).toEqual([
      { value: 30, positions: [[4, 5]] },
      { value: 36, positions: [[6, 6]] },
      { value: 6, positions: [[6, 6]] },
    ]);
    expect(fileOf(2027, events).rows).toEqual([]);
  });

  it('can be traced: only the events at the positions of a figure add up to its value', () => {
    fc.assert(
      fc.property(stories, fc.constantFrom(2026, 2027), (choices, year) => {
        const { events } = randomHistory(choices).history;
        const file = fileOf(year, events);
        const isSame = (one: YearlyRow, other: YearlyRow) =>
          one.facilityId === other.facilityId &&
          one.poolId === other.poolId &&
          one.category === other.category &&
          one.country === other.country;
        for (const row of [...file.rows, ...file.byCategory, file.total]) {
          for (const name of YEARLY_FIGURE_NAMES) {
            const { value, positions } = row.figures[name];
            const named = events
              .filter(({ position }) => isWithin(position, positions))
              .map((event, index) => ({ ...event, position: index + 1 }));
            const again = fileOf(year, named);
            const found = [...again.rows, ...again.byCategory, again.total].find((other) => isSame(row, other));
            expect(found?.figures[name].value ?? 0).toBe(value);
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  it('adds up to the same total by facility, by category and by country', () => {
    fc.assert(
      fc.property(stories, (choices) => {
        const { history, usedHours, requests } = randomHistory(choices);
        const files = [2026, 2027, 2028].map((year) => fileOf(year, history.events));
        for (const file of files) {
          for (const rows of [file.rows, file.byFacility, file.byCategory, file.byCountry]) {
            const submitted = rows.reduce((sum, { figures }) => sum + figures.requestsSubmitted.value, 0);
            expect(submitted).toBe(file.total.figures.requestsSubmitted.value);
            const used = rows.reduce((sum, { figures }) => sum + figures.chipHoursUsed.value, 0);
            // Every row is rounded once, by half an hour at the most.
            expect(Math.abs(used - file.total.figures.chipHoursUsed.value)).toBeLessThanOrEqual((rows.length + 1) / 2);
          }
        }
        const overYears = (name: YearlyFigureName) =>
          files.reduce((sum, { total }) => sum + total.figures[name].value, 0);
        expect(overYears('requestsSubmitted')).toBe(requests.length);
        const total = [...usedHours.values()].reduce((sum, hours) => sum + hours, 0);
        expect(Math.abs(overYears('chipHoursUsed') - total)).toBeLessThanOrEqual(1.5);
      }),
      { numRuns: 40 },
    );
  });

  it('is the same text for the same history, as JSON and as CSV with a line for every figure', () => {
    const { events } = yearEnd();
    const file = fileOf(2026, events);
    expect(yearlyJson(file)).toBe(yearlyJson(fileOf(2026, events)));
    expect(JSON.parse(yearlyJson(file))).toEqual(JSON.parse(JSON.stringify(file)));
    const [head, ...lines] = yearlyCsv(file).trimEnd().split('\n');
    expect(head).toBe(
      'year,level,facilityId,facilityName,poolOwner,poolId,category,country,figure,unit,value,positions,asOfPosition,asOf,root,methodVersion,illustrative,yearState',
    );
    // The group itself, the four sums that it is part of, and the total.
    expect(lines).toHaveLength(6 * YEARLY_FIGURE_NAMES.length);
    expect(lines.find((line) => line.includes(',chipHoursAllocated,'))).toMatch(
      /^2026,facility-pool-category-country,f,Factory,none,,sme,FI,chipHoursAllocated,chip-hours,30,4\.\.5,6,/,
    );
  });

  it('shows what was withdrawn, ineligible, denied and revoked, so that a success rate can be made', () => {
    const history = yearEnd();
    const submit = (id: string) => {
      const data = { ...APPLICATION, submittedAt: '2026-01-01T00:00:00Z', sector: 'health', submittedBy: 'p' };
      history.record(`access-request-${id}`, { type: 'access-request-submitted', data });
    };
    for (const id of ['w', 'i', 'd', 'late']) submit(id);
    const ended = { ...APPLICATION, reasonCodes: ['any'] };
    const [last, next] = ['2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00Z'];
    history.record('access-request-w', {
      type: 'access-request-withdrawn',
      data: { ...APPLICATION, withdrawnAt: last },
    });
    history.record('access-request-i', { type: 'eligibility-refused', data: { ...ended, checkedAt: last } });
    history.record('access-request-d', { type: 'access-denied', data: { ...ended, decidedAt: last } });
    history.record('access-request-late', { type: 'access-denied', data: { ...ended, decidedAt: next } });
    history.record('access-request-r', { type: 'grant-revoked', data: { ...ended, chipHours: 90, revokedAt: last } });
    const values = (year: number) =>
      figuresOf(
        fileOf(year, history.events).total,
        ...([
          'requestsWithdrawn',
          'requestsIneligible',
          'requestsDenied',
          'requestsGranted',
          'chipHoursRevoked',
        ] as const),
      ).map(({ value }) => value);
    expect(values(2026)).toEqual([1, 1, 1, 1, 90]);
    expect(values(2027)).toEqual([0, 0, 1, 0, 0]);
  });

  it('Art. 12b(17)(l): tells the access time of the Union from that of others, also where a pool was assigned later', () => {
    const history = new History();
    const place = { name: 'Factory', country: 'FI', kind: 'ai-gigafactory' } as const;
    history.record('facility-f', { type: 'facility-registered', data: place });
    for (const [poolId, owner] of [
      ['u', 'union'],
      ['c', 'consortium'],
    ] as const)
      history.record('facility-f', { type: 'access-pool-defined', data: { poolId, owner, basis: 'capex' } });
    const interval = { from: '2026-01-01T00:00:00Z', to: '2026-01-01T10:00:00Z' };
    const allocate = (allocationId: string, poolId?: string) =>
      history.record('facility-f', {
        type: 'chips-allocated',
        data: {
          ...ALLOCATED,
          ...interval,
          allocationId,
          ...(poolId !== undefined && { poolId, unitThousandths: 1_000 }),
        },
      });
    allocate('union', 'u');
    allocate('bought', 'c');
    allocate('old');
    const use = (allocationId: string, chipHours: number) => {
      const record = { ...PLACE, ...interval, allocationId, grantId: 'r', partnerId: 'p', chipHours };
      history.record('usage-f', { type: 'usage-reported', data: { facilityId: 'f', records: [record] } });
    };
    use('union', 7);
    use('bought', 50);
    use('old', 20);
    const hours = (row: YearlyRow | undefined) => [
      row?.figures.chipHoursAllocated.value,
      row?.figures.chipHoursUsed.value,
    ];
    const pools = (file: YearlyFile) => file.byPool.map((row) => [row.poolOwner, ...hours(row)]);
    const before = fileOf(2026, history.events);
    expect(pools(before)).toEqual([
      ['consortium', 100, 50],
      ['none', 100, 20],
      ['union', 100, 7],
    ]);
    expect(before.unionTime.map((row) => [row.category, ...hours(row)])).toEqual([
      [null, 100, 7],
      ['sme', 100, 7],
    ]);
    history.record('facility-f', {
      type: 'pool-assigned',
      data: { ...ALLOCATED, ...interval, allocationId: 'old', poolId: 'u', unitThousandths: 1_000, evidenceRef: 'e' },
    });
    use('old', 5);
    const after = fileOf(2026, history.events);
    expect(pools(after)).toEqual([
      ['consortium', 100, 50],
      ['none', 0, 0],
      ['union', 200, 32],
    ]);
    expect(hours(after.total)).toEqual([300, 82]);
  });

  it('can be narrowed to a facility', () => {
    const { events } = yearEnd();
    const only = (facilityId: string) => {
      const use = new YearlyUse(2026, facilityId);
      for (const event of events) use.accept(event);
      return use.file(EMPTY_ROOT);
    };
    expect({ ...only('f'), facilityId: null }).toEqual(fileOf(2026, events));
    expect(only('g')).toMatchObject({ facilityId: 'g', rows: [] });
  });

  it('is marked illustrative when one of its records is', () => {
    const history = yearEnd();
    expect(fileOf(2026, history.events).illustrative).toBe(false);
    const data = { name: 'Demo', country: 'FI', kind: 'ai-factory', illustrative: true } as const;
    history.record('facility-g', { type: 'facility-registered', data });
    expect(fileOf(2026, history.events).illustrative).toBe(true);
  });

  it('stops at an event that is not the next one, and at an event of an unknown type', () => {
    const { events } = yearEnd();
    expect(() => fileOf(2026, events.slice(1))).toThrow('Position 2 does not follow 0.');
    const unknown = events.map((event) => ({ ...event, type: 'time-sold' }));
    expect(() => fileOf(2026, unknown)).toThrow('time-sold');
  });
});

describe('ranges of positions', () => {
  it('hold each added position and no other', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (chosen) => {
        const positions = new Positions();
        for (const position of chosen.toSorted((one, other) => one - other)) positions.add(position);
        for (let position = 0; position <= 61; position += 1) {
          expect(isWithin(position, positions.ranges)).toBe(chosen.includes(position));
        }
        const gaps = positions.ranges.slice(1).map(([first], index) => first - (positions.ranges[index]?.[1] ?? 0));
        expect(gaps.every((gap) => gap > 1)).toBe(true);
      }),
    );
    expect(
      positionsText([
        [3, 5],
        [9, 9],
      ]),
    ).toBe('3..5 9');
  });

  it('refuse positions out of order', () => {
    const positions = new Positions();
    positions.add(5);
    expect(() => positions.add(4)).toThrow('Position 4 comes after 5.');
  });
});
