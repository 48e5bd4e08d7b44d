import type { WrittenEvent } from '../written-log.js';
import * as story from '../written-programme.js';
import { expectRight, expectWrong } from './added-events.js';

const { named } = story;
const SITE = named('pooled');
const FIRM = named('firm');
/** In the order of their ids, which is that of the lines. */
const [UNION, STATE, REST, GIFT] = ['p1', 'p2', 'p3', 'p4'].map(named).sort() as [string, string, string, string];
const YEAR = { periodFrom: '2027-01-01T00:00:00Z', periodTo: '2028-01-01T00:00:00Z' };
const CHECK = 'pools';

const at = (type: string, data: Record<string, unknown>, rest: Partial<WrittenEvent> = {}): WrittenEvent => ({
  stream: `facility-${SITE}`,
  type,
  data,
  ...rest,
});
const policy = (name: string, value: unknown, version = 1): WrittenEvent => ({
  stream: `policy-${name}`,
  type: 'policy-adopted',
  role: 'board',
  data: { policy: name, version, value, effectiveFrom: '2026-01-01T00:00:00Z', reason: 'r' },
});
const pool = (poolId: string, owner: string, further: Record<string, unknown> = {}): WrittenEvent =>
  at('access-pool-defined', { poolId, owner, basis: 'capex', ...further });
/** Pledges and signs capital for the facility. */
const pays = (id: string, partnerId: string, kind: string, amountMinor: string): (WrittenEvent | WrittenEvent[])[] => {
  const terms = { ...story.termsOf(partnerId, kind), facilityId: SITE };
  const [signature, booking, contribution] = story.signed(id, terms, amountMinor) as [
    WrittenEvent,
    WrittenEvent,
    WrittenEvent,
  ];
  const pledge = { ...signature, type: 'commitment-pledged', data: { ...terms, amountMinor } };
  return [pledge, [signature, booking, { ...contribution, stream: `facility-${SITE}` }]];
};

/** A CAPEX of 1,000, of which the Union and the state pay 170 each. The programme has a version 1 of the policy already. */
const money = { hostStatePartnerId: story.STATE, capexMinor: '1000', currency: 'EUR' };
const site = (firmMinor = '100', kind = 'ai-gigafactory') => [
  policy('entitlement-basis', 'committed', 2),
  story.partner(FIRM, 'company'),
  at('facility-registered', { name: 'p', country: 'SE', kind, ...money }),
  at('capacity-installed', { chipModel: story.MODEL, chips: 1_000, effectiveFrom: '2026-04-01T00:00:00Z' }),
  ...pays('p-state', story.STATE, 'member-state', '170'),
  ...pays('p-union', story.UNION, 'union', '170'),
  ...pays('p-firm', FIRM, 'private', firmMinor),
];
const POOLS = [
  pool(UNION, 'union'),
  pool(STATE, 'member-state', { partnerId: story.STATE }),
  pool(REST, 'consortium'),
  pool(GIFT, 'union', { basis: 'donation' }),
];
const lines = (union: number, state: number, rest: number) => [
  { poolId: UNION, contributionMinor: '170', unitHours: union },
  { poolId: STATE, contributionMinor: '170', unitHours: state },
  { poolId: REST, contributionMinor: '660', unitHours: rest },
];
const entitled = (further: Record<string, unknown> = {}): WrittenEvent =>
  at('entitlement-set', {
    ...{ ...YEAR, unit: 'chip-hour', availableUnitHours: 1_000, capexMinor: '1000', currency: 'EUR' },
    ...{ basis: 'committed', policyVersion: 2, lines: lines(170, 170, 660), ...further },
  });
/** Entitlements of 170, 170 and 660 unit-hours for 2027. */
const HOURS = [...site(), ...POOLS, entitled()];

/** A grant of 1,000 chip-hours of the pool in 2027, with its call. */
const granted = (poolId: string | undefined): (WrittenEvent | WrittenEvent[])[] => {
  const call = { ...story.submitted('r9', 1_000) };
  const of = { facilityId: SITE, callId: named('pool call') };
  const grant = story.granted('r9', 1_000);
  const validity = { validFrom: '2027-01-01T00:00:00Z', validTo: '2028-01-01T00:00:00Z' };
  return [
    {
      stream: `access-call-${named('pool call')}`,
      type: 'access-call-opened',
      data: {
        ...{ facilityId: SITE, mode: 'regular', title: 't', chipHours: 10_000 },
        ...{ opensAt: '2026-03-01T00:00:00Z', closesAt: '2026-12-31T00:00:00Z' },
      },
    },
    { ...call, data: { ...call.data, ...of } },
    [
      { ...grant, data: { ...grant.data, ...of, ...validity, ...(poolId !== undefined && { poolId }) } },
      { ...story.counted('r9', 1_000, 1_000), stream: `access-call-${named('pool call')}` },
    ],
  ];
};
const allocated = (chips: number, hours: number, further: Record<string, unknown> = {}): WrittenEvent => {
  const [from, to] = [
    '2027-03-01T00:00:00Z',
    new Date(Date.UTC(2027, 2, 1, hours)).toISOString().replace('.000Z', 'Z'),
  ];
  const of = { poolId: UNION, unitThousandths: 1_000 };
  return at('chips-allocated', { ...story.allocationOf('a9', 'r9', chips, from, to), ...of, ...further });
};

describe('Art. 12b(13): an entitlement in a history', () => {
  it('divides the hours in proportion to the contributions, exactly', async () => {
    await expectRight(...HOURS);
    const before = [...site(), ...POOLS];
    const wrong = (message: string, further: Record<string, unknown>) =>
      expectWrong([CHECK, message], ...before, entitled(further));
    await wrong('do not add up to the available hours', { lines: lines(171, 170, 660) });
    await wrong('not in proportion to its contribution', { lines: lines(171, 170, 659) });
    await wrong('not those of the pools that contribute', { lines: lines(170, 170, 660).slice(1) });
    await wrong('was not in force, or counts other amounts', { policyVersion: 1 });
    const tooMuch = lines(170, 170, 660).map((line) => ({ ...line, contributionMinor: '170' }));
    await wrong('do not add up to the CAPEX', { lines: tooMuch });
  });

  it('gives what is left after rounding to the largest remainder', async () => {
    const before = [...site(), ...POOLS];
    // 170.17, 170.17 and 660.66.
    await expectRight(...before, entitled({ availableUnitHours: 1_001, lines: lines(170, 170, 661) }));
    await expectWrong(
      [CHECK, 'to another pool than the one with the largest remainder'],
      ...before,
      entitled({ availableUnitHours: 1_001, lines: lines(171, 170, 660) }),
    );
  });
});

describe('Art. 12b(13): an allocation in a history', () => {
  const before = [...HOURS, ...granted(UNION)];

  it('is in a pool, and in no more hours than the pool has', async () => {
    await expectRight(...before, allocated(10, 17));
    const wrong = (message: string, event: WrittenEvent) => expectWrong([CHECK, message], ...before, event);
    await wrong('More hours are allocated in the pool', allocated(171, 1));
    await wrong('count as other units', allocated(10, 17, { unitThousandths: 999 }));
    await wrong('lies in no period', allocated(1, 24 * 307));
  });

  it('gives its hours back by a release', async () => {
    const { data } = allocated(10, 17);
    const released = at('allocation-released', { ...data, at: '2027-03-01T16:00:00Z', reason: 'r' });
    const again = (chips: number) =>
      allocated(chips, 1, {
        ...{ allocationId: named('a10'), from: '2027-04-01T00:00:00Z', to: '2027-04-01T01:00:00Z' },
      });
    await expectRight(...before, allocated(10, 17), released, again(10));
    await expectWrong([CHECK, 'More hours are allocated'], ...before, allocated(10, 17), released, again(11));
  });

  it('is not from a pool without hours, and not from an unknown one', async () => {
    const empty = granted(GIFT);
    await expectWrong([CHECK, 'More hours are allocated'], ...HOURS, ...empty, allocated(1, 1, { poolId: GIFT }));
    await expectWrong([CHECK, 'has no access pool'], ...before, allocated(1, 1, { poolId: named('p9') }));
    await expectWrong([CHECK, 'which its facility does not have'], ...HOURS, ...granted(named('p9')).slice(0, 2), [
      ...(granted(named('p9')).slice(2).flat().slice(0, 1) as [WrittenEvent]),
    ]);
    const { poolId: _pool, unitThousandths: _unit, ...data } = allocated(1, 1).data;
    await expectWrong([CHECK, 'uses the hours of none'], ...HOURS, ...granted(undefined), at('chips-allocated', data));
  });
});

describe('Art. 12b(10): given time in a history', () => {
  const donated = (further: Record<string, unknown> = {}): WrittenEvent =>
    at('access-time-donated', {
      ...{ fromPoolId: STATE, unionPoolId: GIFT, partnerId: story.STATE, unitHours: 170, arrangementRef: 'r' },
      ...{ from: '2027-06-01T00:00:00Z', to: '2027-09-01T00:00:00Z', ...YEAR, ...further },
    });

  it('is what the pool of the state has left, and goes to the Union', async () => {
    await expectRight(...HOURS, donated());
    await expectRight(...HOURS, donated(), ...granted(GIFT), allocated(10, 17, { poolId: GIFT }));
    await expectWrong([CHECK, 'gives more hours than its pool has left'], ...HOURS, donated({ unitHours: 171 }));
    await expectWrong([CHECK, 'not that of a Member State'], ...HOURS, donated({ fromPoolId: REST }));
    await expectWrong([CHECK, 'not given to the Union'], ...HOURS, donated({ unionPoolId: REST }));
    await expectWrong([CHECK, 'by another partner'], ...HOURS, donated({ partnerId: story.UNION }));
  });

  it('is no contribution', async () => {
    const counts = lines(170, 170, 660).map((line) =>
      line.poolId === STATE ? { ...line, contributionMinor: '171' } : line,
    );
    await expectWrong([CHECK, 'is another one'], ...HOURS, donated(), entitled({ lines: counts }));
    const [, , contribution] = story.signed(
      'p-state',
      story.termsOf(story.STATE, 'member-state'),
      '170',
    ) as WrittenEvent[];
    const booked = at('contribution-recorded', contribution?.data ?? {});
    await expectWrong(['commitments', 'is not what is booked to the facility'], ...HOURS, [donated(), booked]);
  });
});

describe('Art. 12b(12): residual hours in a history', () => {
  const started = at('operations-started', { on: '2022-03-01', evidenceRef: 'e' });
  const transferred = (further: Record<string, unknown> = {}): WrittenEvent =>
    at('ownership-transferred', {
      ...{ on: '2027-03-01', residualMinor: '55', valuationRef: 'v', ...YEAR, capexMinor: '1000' },
      ...{ availableUnitHours: 1_000, formula: 'floor(residualMinor * availableUnitHours / capexMinor)' },
      ...{ unitHours: 55, unionPoolId: UNION, ...further },
    });

  it('follow from the formula, five years after the start', async () => {
    await expectRight(...HOURS, started, transferred());
    const wrong = (message: string, further: Record<string, unknown>) =>
      expectWrong([CHECK, message], ...HOURS, started, transferred(further));
    await wrong('do not follow from the residual value', { unitHours: 56 });
    await wrong('do not follow from the residual value', { unitHours: 54 });
    await wrong('within five years', { on: '2027-02-28' });
    await expectWrong([CHECK, 'before operations started'], ...HOURS, transferred());
    await expectWrong([CHECK, 'a second time'], ...HOURS, started, transferred(), transferred());
  });
});

describe('GBER 26(4): preferential access in a history', () => {
  const preferred = (further: Record<string, unknown> = {}): WrittenEvent =>
    at('preferential-access-set', {
      ...{ partnerId: FIRM, ...YEAR, contributionMinor: '100', capexMinor: '1000', sharePpm: 100_000 },
      ...{ unitHours: 100, conditionsRef: 'c', ...further },
    });

  it('is for who financed 10 %, and hours are at most in proportion', async () => {
    await expectRight(...HOURS, preferred());
    await expectWrong([CHECK, 'more hours than the partner financed'], ...HOURS, preferred({ unitHours: 101 }));
    await expectWrong([CHECK, 'financed another amount'], ...HOURS, preferred({ contributionMinor: '101' }));
    const poor = [...site('99'), ...POOLS, entitled()];
    await expectWrong(
      [CHECK, 'financed less than 10 %'],
      ...poor,
      preferred({ contributionMinor: '99', sharePpm: 99_000, unitHours: 99 }),
    );
  });
});

describe('Arts. 17, 18: commercial use in a history', () => {
  it('takes at most its part of the time of the Union', async () => {
    const share = policy('commercial-share-maximum', { sharesPpm: { supercomputer: 200_000 } });
    const before = [share, ...site('100', 'supercomputer'), ...POOLS, entitled(), ...granted(UNION)];
    await expectRight(...before, allocated(34, 1, { use: 'commercial' }));
    await expectWrong([CHECK, 'Commercial use takes more'], ...before, allocated(35, 1, { use: 'commercial' }));
    await expectRight(...before, allocated(35, 1, { use: 'non-commercial' }));
  });
});
