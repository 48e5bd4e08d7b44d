import { facility, type Facility } from '../../src/compute/facility.js';
import { yearsOf } from '../../src/compute/yearly-duties.js';
import { SUBMISSIONS_PER_YEAR_MAX, submitYear } from '../../src/compute/yearly-submission.js';
import type { FacilityKind } from '../../src/compute/facility-events.js';

const SHA = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const NOW = '2029-01-31T10:00:00Z';
const INPUT = {
  ...{ year: 2027, submittedOn: '2028-01-20', dataSha256: SHA, dataPosition: 40, dataMethodVersion: '2.0' },
  auditReportSha256: SHA,
};

const registered = facility.evolve(facility.initial, {
  type: 'facility-registered',
  data: { name: 'North', country: 'FI', kind: 'ai-gigafactory' },
});
const submitted = (state: Facility, input: Partial<typeof INPUT> = {}, now = NOW, head = 40) => {
  const [event] = submitYear(state, { ...INPUT, ...input }, head, now);
  return { event, state: facility.evolve(state, event) };
};

describe('Art. 12b(17)(l): the audit report and the data on the use, by 31 January for the year before', () => {
  it('is in time on 31 January, and late on 1 February', () => {
    expect(submitted(registered, { submittedOn: '2028-01-31' }).event.data.isLate).toBeUndefined();
    expect(submitted(registered, { submittedOn: '2028-02-01' }).event.data.isLate).toBe(true);
  });

  it('names the clause', () => {
    expect(submitted(registered).event).toMatchObject({
      type: 'yearly-submitted',
      legalBasis: '2021/1173 Art. 12b(17)(l)',
      data: { ...INPUT, version: 1 },
    });
  });

  it('is of a year that is over: the first day after it passes, the last day of it does not', () => {
    expect(submitted(registered, { submittedOn: '2028-01-01' }).event.data.version).toBe(1);
    expect(() => submitted(registered, { submittedOn: '2027-12-31' })).toThrow(
      expect.objectContaining({
        code: 'submission-date-out-of-range',
        facts: expect.objectContaining({ earliest: '2028-01-01', today: '2029-01-31' }),
      }),
    );
  });

  it('is not of tomorrow', () => {
    expect(submitted(registered, { year: 2028, submittedOn: '2029-01-31' }).event.data.isLate).toBeUndefined();
    expect(() => submitted(registered, { year: 2028, submittedOn: '2029-02-01' })).toThrow(
      expect.objectContaining({ code: 'submission-date-out-of-range' }),
    );
  });

  it('is of data that reflect events that there are', () => {
    expect(submitted(registered, { dataPosition: 40 }, NOW, 40).event.data.dataPosition).toBe(40);
    expect(() => submitted(registered, { dataPosition: 41 }, NOW, 40)).toThrow(
      expect.objectContaining({ code: 'data-position-not-recorded', facts: { dataPosition: 41, head: 40 } }),
    );
  });

  it('counts a further submission as a further version, which is never late', () => {
    const first = submitted(registered);
    const second = submitted(first.state, { submittedOn: '2028-06-01' });
    expect(second.event.data).toMatchObject({ version: 2, year: 2027 });
    expect(second.event.data.isLate).toBeUndefined();
    expect(submitted(second.state, { year: 2026, submittedOn: '2028-01-20' }).event.data).toMatchObject({
      ...{ version: 1, isLate: true },
    });
  });

  it('keeps a bounded number of versions for a year', () => {
    let state: Facility = registered;
    for (let version = 1; version <= SUBMISSIONS_PER_YEAR_MAX; version += 1) state = submitted(state).state;
    expect(() => submitted(state)).toThrow(expect.objectContaining({ code: 'too-many-yearly-submissions' }));
    expect(submitted(state, { year: 2026 }).event.data.version).toBe(1);
  });
});

describe('the years for which a facility owes a submission', () => {
  const version = (year: number, submittedOn: string, count = 1) => ({
    ...{ year, version: count, submittedOn, dataSha256: SHA, dataPosition: 40, dataMethodVersion: '2.0' },
    ...{ auditReportSha256: SHA, position: 41 },
  });
  const states = (
    today: string,
    submissions: readonly ReturnType<typeof version>[] = [],
    kind: FacilityKind = 'ai-gigafactory',
    operationsStartedOn: string | null = '2026-12-31',
  ) => yearsOf({ kind, operationsStartedOn, submissions }, today).map(({ year, state }) => [year, state]);

  it('begin with the year in which its operations started, and end with the last one that is over', () => {
    expect(states('2026-12-31')).toEqual([]);
    expect(states('2027-01-01')).toEqual([[2026, 'due']]);
    expect(states('2028-01-15')).toEqual([
      [2027, 'due'],
      [2026, 'overdue'],
    ]);
  });

  it('are due on 31 January, and overdue from 1 February on', () => {
    expect(states('2027-01-31')).toEqual([[2026, 'due']]);
    expect(states('2027-02-01')).toEqual([[2026, 'overdue']]);
  });

  it('are submitted, or were late, by the first version', () => {
    expect(states('2027-06-01', [version(2026, '2027-01-31'), version(2026, '2027-03-01', 2)])).toEqual([
      [2026, 'submitted'],
    ]);
    expect(states('2027-06-01', [version(2026, '2027-02-01')])).toEqual([[2026, 'late']]);
  });

  it('are none for other facilities, or before the start of operations is recorded, but what was submitted is shown', () => {
    expect(states('2028-01-01', [], 'ai-factory')).toEqual([]);
    expect(states('2028-01-01', [], 'ai-gigafactory', null)).toEqual([]);
    expect(states('2028-01-01', [version(2026, '2027-01-31')], 'ai-factory')).toEqual([[2026, 'submitted']]);
  });
});
