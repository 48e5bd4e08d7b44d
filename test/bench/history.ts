import type { AggregateOutline } from '../../src/ledger/aggregate.js';
import { canonicalize } from '../../src/ledger/canonical.js';
import { derivedId } from '../../src/ledger/identifiers.js';
import { MS_PER_HOUR, dateOf, formatInstant, parseInstant } from '../../src/ledger/time.js';
import { AGGREGATES } from '../../src/aggregates.js';
import type { Category } from '../../src/partners/partner.js';

/** One event in the form in which the ledger stores it. */
export interface HistoricEvent {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly recordedAt: string;
  readonly envelope: string;
}

/** The content of an event that has no position yet. */
export interface Fact {
  readonly stream: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** The actor; the operator when left out. */
  readonly actor?: string;
  readonly legalBasis?: string;
}

const BEGIN_MS = parseInstant('2026-03-02T08:00:00Z');
/** With this pace a million events are about two years of a programme. */
const COMMAND_EVERY_MS = 90_000;
/** Partners register at the start, and their number does not grow with the history. A shorter history has the same partners. */
const PARTNERS = 500;
const FACILITIES = 5;
/** Enough chips for all requests: the benchmark measures the history, not refusals. */
const CHIPS = 1_000_000;
const MODEL = 'gb300';
const CURRENCY = 'EUR';
const AMPLE_MINOR = '900000000000000';
const MODE = 'regular';

const CATEGORIES: readonly Category[] = ['start-up', 'sme', 'scale-up', 'large-enterprise'];
const COUNTRIES = ['SE', 'DE', 'FR', 'PL', 'IT', 'ES', 'NL', 'FI', 'PT', 'CZ'];

const OUTLINES: readonly AggregateOutline[] = AGGREGATES;
const SCHEMAS: Readonly<Record<string, number>> = Object.fromEntries(
  OUTLINES.flatMap(({ events }) => Object.entries(events).map(([type, { schema }]) => [type, schema])),
);

/** The id of a thing of the programme, by its name here. */
export const idOf = (name: string): string => derivedId('bench', name);
const among = <T>(all: readonly T[], number: number): T => all[number % all.length] as T;

interface Party {
  readonly id: string;
  readonly category: Category;
  readonly country: string;
}

const party = (number: number): Party => ({
  id: idOf(`partner ${number}`),
  category: among(CATEGORIES, number),
  country: among(COUNTRIES, number),
});
const facilityId = (number: number): string => idOf(`facility ${number}`);
const callId = (number: number): string => idOf(`call ${number}`);
const STATE = idOf('state');
const FUND = idOf('fund');
const TRANCHE = idOf('tranche');

/**
 * The history of a programme in the form in which the ledger would have written it, of any length. Partners, a fund and facilities come
 * first. Then the daily events repeat: a request, its check and its decision, allocations, their use, an allocation that is released;
 * now and then money. The history keeps every rule of the domain, so that an auditor verifies it and every view accepts it.
 */
export const history = (events: number): Generator<HistoricEvent> => recorded(commands(), events);

/** The facts of commands as recorded events: dense positions and revisions, derived ids, canonical text. Ends after `events` events. */
export function* recorded(all: Iterable<readonly Fact[]>, events = Infinity): Generator<HistoricEvent> {
  const revisions = new Map<string, number>();
  let position = 0;
  for (const [number, command] of numbered(all)) {
    const commandId = derivedId('bench-command', String(number));
    const recordedAt = formatInstant(instantOf(number));
    for (const [at, fact] of command.entries()) {
      if (position === events) return;
      position += 1;
      const { stream, type, data, actor = 'programme', legalBasis } = fact;
      const revision = (revisions.get(stream) ?? -1) + 1;
      revisions.set(stream, revision);
      const id = derivedId(commandId, 'event', String(at));
      const envelope = canonicalize({
        v: 1,
        id,
        stream,
        revision,
        type,
        schema: SCHEMAS[type],
        recordedAt,
        actor: { id: actor, role: ROLES[type] ?? 'operator' },
        commandId,
        correlationId: commandId,
        ...(legalBasis !== undefined && { legalBasis }),
        data,
      });
      yield { position, stream, revision, id, type, recordedAt, envelope };
    }
  }
}

/** The roles of the events that the operator cannot cause. */
const ROLES: Readonly<Record<string, string>> = {
  'policy-adopted': 'board',
  'quota-policy-adopted': 'board',
  'call-hours-granted': 'panel',
  'eligibility-confirmed': 'panel',
  'eligibility-refused': 'panel',
  'access-granted': 'panel',
  'access-denied': 'panel',
};

const instantOf = (command: number): number => BEGIN_MS + command * COMMAND_EVERY_MS;

function* numbered<T>(all: Iterable<T>): Generator<readonly [number, T]> {
  let number = 0;
  for (const one of all) yield [(number += 1), one];
}

function* commands(): Generator<Fact[]> {
  let made = 0;
  /** Chip-hours granted under each call. */
  const sums = new Map<string, number>();
  const count = (command: Fact[]): Fact[] => {
    made += 1;
    return command;
  };
  for (const command of prologue()) yield count(command);
  for (let round = 0; ; round += 1) {
    // Each command states the present time as its instant of recording, within the length of a round.
    for (const command of roundOf(round, instantOf(made + 1), sums)) yield count(command);
  }
}

function* prologue(): Generator<Fact[]> {
  yield [registered(STATE, 'State', 'SE', 'member-state')];
  for (let number = 0; number < PARTNERS; number += 1) {
    const { id, category, country } = party(number);
    yield [registered(id, `Partner ${number}`, country, 'company')];
    const classification = { category, basis: 'self-declared', evidenceRef: 'register', effectiveFrom: '2026-01-01' };
    yield [{ stream: `partner-${id}`, type: 'partner-classified', data: classification }];
  }
  const fund = `fund-${FUND}`;
  const established = { name: 'Fund', currency: CURRENCY, targetMinor: AMPLE_MINOR };
  yield [{ stream: fund, type: 'fund-established', data: established }];
  const tranche = { trancheId: TRANCHE, rank: 1, kind: 'first-loss', capMinor: AMPLE_MINOR };
  yield [{ stream: fund, type: 'tranche-defined', data: tranche }];
  for (let number = 0; number < FACILITIES; number += 1) yield* openFacility(number);
}

const registered = (id: string, legalName: string, country: string, legalForm: string): Fact => ({
  stream: `partner-${id}`,
  type: 'partner-registered',
  data: { legalName, country, legalForm },
});

function* openFacility(number: number): Generator<Fact[]> {
  const stream = `facility-${facilityId(number)}`;
  const effectiveFrom = '2026-01-01T00:00:00Z';
  const description = { name: `Facility ${number}`, country: among(COUNTRIES, number), kind: 'ai-factory' };
  yield [{ stream, type: 'facility-registered', data: description }];
  yield [{ stream, type: 'capacity-installed', data: { chipModel: MODEL, chips: CHIPS, effectiveFrom } }];
  const policy = { chipModel: MODEL, version: 1, floors: { sme: 1_000 }, caps: {}, effectiveFrom, reason: 'start' };
  yield [{ stream, type: 'quota-policy-adopted', data: policy }];
  const call = {
    facilityId: facilityId(number),
    mode: MODE,
    title: `Call of facility ${number}`,
    opensAt: '2026-01-01T00:00:00Z',
    closesAt: '2099-01-01T00:00:00Z',
    chipHours: 1_000_000_000,
  };
  yield [{ stream: `access-call-${callId(number)}`, type: 'access-call-opened', data: call }];
}

const REQUESTED_HOURS = 1_000;
const DENIED_EVERY = 8;
const MONEY_EVERY = 4;

function* roundOf(round: number, nowMs: number, sums: Map<string, number>): Generator<Fact[]> {
  const applicant = party((round * 7) % PARTNERS);
  const requestId = idOf(`request ${round}`);
  const stream = `access-request-${requestId}`;
  const application = {
    callId: callId(round % FACILITIES),
    facilityId: facilityId(round % FACILITIES),
    mode: MODE,
    partnerId: applicant.id,
    ultimateParentId: applicant.id,
    category: applicant.category,
    country: applicant.country,
    chipHoursRequested: REQUESTED_HOURS,
    submittedAt: formatInstant(nowMs),
  };
  const decidedAt = formatInstant(nowMs + COMMAND_EVERY_MS);
  const sector = among(['materials', 'health', 'energy'], round);
  const submission = { ...application, sector, submittedBy: applicant.id };
  yield [{ stream, type: 'access-request-submitted', data: submission, actor: applicant.id }];
  const checked = { ...application, reasonCodes: ['eligible'], checkedAt: decidedAt };
  yield [{ stream, type: 'eligibility-confirmed', data: checked, actor: 'panel' }];
  if (round % DENIED_EVERY === DENIED_EVERY - 1) {
    const denied = { ...application, reasonCodes: ['insufficient-merit'], decidedAt };
    yield [{ stream, type: 'access-denied', data: denied, actor: 'panel' }];
  } else yield* grantOf(application, requestId, round, nowMs, sums);
  if (round % MONEY_EVERY === 0) yield* moneyOf(round, nowMs);
}

type Application = Readonly<Record<'callId' | 'facilityId' | 'partnerId' | 'category' | 'country' | 'mode', string>>;

function* grantOf(
  application: Application,
  grantId: string,
  round: number,
  nowMs: number,
  sums: Map<string, number>,
): Generator<Fact[]> {
  const { facilityId: site, partnerId, category, country, mode } = application;
  const decidedAt = formatInstant(nowMs + COMMAND_EVERY_MS);
  const fromMs = nowMs + 24 * MS_PER_HOUR;
  const chipHours = REQUESTED_HOURS - (round % 5) * 100;
  const grantedChipHours = (sums.get(application.callId) ?? 0) + chipHours;
  sums.set(application.callId, grantedChipHours);
  const pays = category === 'large-enterprise';
  const grant = {
    ...application,
    chipHours,
    callChipHours: grantedChipHours,
    ...(pays ? { priceBasis: 'pay-per-use' } : { priceBasis: 'free', freeReason: 'sme-innovation' }),
    reasonCodes: ['merit'],
    validFrom: formatInstant(nowMs),
    validTo: formatInstant(nowMs + 90 * 24 * MS_PER_HOUR),
    decidedAt,
  };
  const clause = pays ? {} : { legalBasis: '2021/1173 Art. 12b(15)(b)' };
  const counted = { requestId: grantId, chipHours, grantedChipHours };
  yield [
    { stream: `access-request-${grantId}`, type: 'access-granted', data: grant, actor: 'panel', ...clause },
    { stream: `access-call-${application.callId}`, type: 'call-hours-granted', data: counted, actor: 'panel' },
  ];
  const repeated = { grantId, partnerId, category, country, mode };
  const allocations = [1, 2, 3].map((number) => ({
    allocationId: idOf(`allocation ${round} ${number}`),
    ...repeated,
    chipModel: MODEL,
    chips: number,
    from: formatInstant(fromMs),
    to: formatInstant(fromMs + (24 + number) * MS_PER_HOUR),
    protection: 'category',
  }));
  const stream = `facility-${site}`;
  for (const data of allocations) yield [{ stream, type: 'chips-allocated', data }];
  const [, , last] = allocations;
  yield [
    {
      stream,
      type: 'allocation-released',
      data: { ...last, at: formatInstant(fromMs + 12 * MS_PER_HOUR), reason: 'given-back' },
    },
  ];
  const records = allocations.map(({ allocationId }, at) => ({
    allocationId,
    ...repeated,
    from: formatInstant(fromMs),
    to: formatInstant(fromMs + MS_PER_HOUR),
    chipHours: 1 + at,
  }));
  yield [{ stream: `usage-${site}`, type: 'usage-reported', data: { facilityId: site, records } }];
}

function* moneyOf(round: number, nowMs: number): Generator<Fact[]> {
  const commitmentId = idOf(`commitment ${round}`);
  const stream = `commitment-${commitmentId}`;
  const site = facilityId(round % FACILITIES);
  const amountMinor = String(100_000 + round);
  const [partnerId, partnerKind] = [STATE, 'member-state'];
  const terms = {
    fundId: FUND,
    trancheId: TRANCHE,
    trancheRank: 1,
    trancheKind: 'first-loss',
    partnerId,
    partnerKind,
    facilityId: site,
    currency: CURRENCY,
    kind: 'capex',
  };
  yield [{ stream, type: 'commitment-pledged', data: { ...terms, amountMinor } }];
  const change = { commitmentId, partnerId, partnerKind, kind: 'capex', deltaMinor: amountMinor };
  yield [
    { stream, type: 'commitment-signed', data: { ...terms, amountMinor, signedOn: dateOf(nowMs) } },
    { stream: `fund-${FUND}`, type: 'tranche-subscribed', data: { ...change, trancheId: TRANCHE, facilityId: site } },
    {
      stream: `facility-${site}`,
      type: 'contribution-recorded',
      data: { ...change, currency: CURRENCY, signedOn: dateOf(nowMs) },
    },
  ];
}
