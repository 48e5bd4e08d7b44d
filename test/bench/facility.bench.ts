import { randomUUID } from 'node:crypto';
import { AllocateChips } from '../../src/access/allocation.commands.js';
import { MS_PER_HOUR, formatInstant, parseInstant } from '../../src/ledger/time.js';
import { AGGREGATES } from '../../src/aggregates.js';
import { contextOf } from '../ledger/accounts.js';
import { openInstance } from '../ledger/instance.js';
import { startBenchDatabase } from './database.js';
import { fillLedger } from './filled-ledger.js';
import { idOf, recorded, type Fact } from './history.js';
import { alternate, compared, secondsOf, type BenchOptions, type BenchRow } from './measure.js';

/** Row 6: cost of an allocation on a facility with many live allocations, beside one with few, through the path of commands. */
const MANY = 100_000;
const FEW = 1_000;
const ALLOCATIONS_A_ROUND = 1_000;
const IN_FLIGHT = 64;
const MODEL = 'gb300';
const START_MS = parseInstant('2027-01-01T00:00:00Z');
/** Live allocations begin and end all over this many hours, so that the profile of the facility has a step in each of them. */
const HOURS = 50_000;
const VALID = { validFrom: '2026-01-01T00:00:00Z', validTo: '2199-01-01T00:00:00Z' };
const CHIP_HOURS = 1_000_000_000;

export async function run({ rounds, say }: BenchOptions): Promise<BenchRow[]> {
  const server = await startBenchDatabase();
  const instance = openInstance(server.url, { aggregates: AGGREGATES, projections: [] });
  const handler = await AllocateChips.provider.useFactory(instance.ledger);
  let sent = 0;
  const allocate = (name: string): Promise<unknown> => {
    const body = { grantId: grantOf(name), chipModel: MODEL, chips: 1, ...intervalOf((sent += 7)) };
    return handler.execute(new AllocateChips(contextOf(randomUUID()), { id: facilityOf(name), body }));
  };
  const measure = async (name: string): Promise<number> => {
    // The first one reads the facility into memory.
    await allocate(name);
    let left = ALLOCATIONS_A_ROUND;
    const loop = async (): Promise<void> => {
      while ((left -= 1) >= 0) await allocate(name);
    };
    const seconds = await secondsOf(() => Promise.all(Array.from({ length: IN_FLIGHT }, loop)));
    return ALLOCATIONS_A_ROUND / seconds;
  };
  try {
    // A further facility for each round: a round would add to a facility with few as many allocations as it had.
    const few = Array.from({ length: Math.max(rounds, 3) + 1 }, (_, at) => `few ${at}`);
    await fillLedger(server.pool, recorded(facilities(few)));
    say(`a facility with ${MANY} live allocations, ${few.length} with ${FEW}`);
    const figures = await alternate(rounds, {
      many: () => measure('many'),
      few: () => measure(few.pop() ?? ''),
    });
    const what = `allocations on one facility that holds ${MANY} live ones`;
    const details = { inFlight: IN_FLIGHT, allocationsARound: ALLOCATIONS_A_ROUND };
    const beside = `the same with ${FEW} live ones`;
    return [compared({ row: 6, what, beside, unit: 'commands/s', aim: 0.8, details }, figures.many, figures.few)];
  } finally {
    await instance.stop();
    await server.stop();
  }
}

const facilityOf = (name: string): string => idOf(`facility ${name}`);
const grantOf = (name: string): string => idOf(`grant ${name}`);

function intervalOf(number: number): { readonly from: string; readonly to: string } {
  const fromMs = START_MS + (number % HOURS) * MS_PER_HOUR;
  return { from: formatInstant(fromMs), to: formatInstant(fromMs + (1 + (number % 48)) * MS_PER_HOUR) };
}

function* facilities(few: readonly string[]): Generator<Fact[]> {
  for (const name of ['many', ...few]) yield* facilityWith(name, name === 'many' ? MANY : FEW);
}

function* facilityWith(name: string, live: number): Generator<Fact[]> {
  const stream = `facility-${facilityOf(name)}`;
  yield [{ stream, type: 'facility-registered', data: { name, country: 'SE', kind: 'ai-factory' } }];
  const installed = { chipModel: MODEL, chips: 1_000_000, effectiveFrom: '2026-01-01T00:00:00Z' };
  yield [{ stream, type: 'capacity-installed', data: installed }];
  yield* grant(name);
  const repeated = { grantId: grantOf(name), partnerId: PARTNER, category: 'sme', country: 'SE', mode: 'regular' };
  for (let number = 0; number < live; number += 1) {
    const allocationId = idOf(`allocation ${name} ${number}`);
    const data = {
      allocationId,
      ...repeated,
      chipModel: MODEL,
      chips: 1,
      ...intervalOf(number * 11),
      protection: 'category',
    };
    yield [{ stream, type: 'chips-allocated', data }];
  }
}

const PARTNER = idOf('partner of the grants');

function* grant(name: string): Generator<Fact[]> {
  const stream = `access-request-${grantOf(name)}`;
  const application = {
    callId: idOf('call'),
    facilityId: facilityOf(name),
    mode: 'regular',
    partnerId: PARTNER,
    ultimateParentId: PARTNER,
    category: 'sme',
    country: 'SE',
    chipHoursRequested: CHIP_HOURS,
    submittedAt: VALID.validFrom,
  };
  const submitted = { ...application, sector: 'materials', submittedBy: PARTNER };
  yield [{ stream, type: 'access-request-submitted', data: submitted }];
  const award = { chipHours: CHIP_HOURS, priceBasis: 'free', reasonCodes: ['merit'], ...VALID };
  const granted = { ...application, ...award, decidedAt: VALID.validFrom };
  yield [{ stream, type: 'access-granted', data: granted, actor: 'panel' }];
}
