import { readFile } from 'node:fs/promises';
import { startProgramme, type Programme } from '../access/programme.js';
import type { TestAnswer } from '../support/app.js';

/**
 * The site has an operator and a hosting state. The holder has a grant there, with an allocation and its usage, and a request
 * that nobody has decided yet. The operator holds a grant there too: it belongs to the operator in two ways, and is listed once.
 * The operator and the stranger hold grants elsewhere, at a facility without operator and host.
 */
type Row =
  | ('operator' | 'host' | 'holder' | 'stranger')
  | ('site' | 'elsewhere')
  | ('held-at-site' | 'undecided-at-site' | 'operators-at-site' | 'operators-elsewhere' | 'strangers-elsewhere')
  | ('fund' | 'call-at-site' | 'call-elsewhere')
  | 'programme';

/** Keys that are bound to a partner: the partner, and the roles of the key. */
const BOUND = [
  ['holder', 'partner'],
  ['holder', 'facility'],
  ['operator', 'partner'],
  ['operator', 'facility'],
  ['operator', 'partner', 'facility'],
  ['host', 'partner'],
  ['host', 'facility'],
  ['stranger', 'partner'],
  ['stranger', 'facility'],
] as const;
/** Keys of the programme, which see every row. */
const PROGRAMME = ['operator', 'board', 'panel', 'governance', 'auditor'] as const;

/** All rows of a kind, and the rows that each bound key sees, in the order of `BOUND`. */
interface Seen {
  readonly all: readonly Row[];
  readonly bound: readonly (readonly Row[])[];
}

const everybody = (...all: readonly Row[]): Seen => ({ all, bound: BOUND.map(() => all) });

const PARTNERS: Seen = {
  all: ['operator', 'host', 'holder', 'stranger'],
  bound: BOUND.map(([partner]) => [partner]),
};
const COMMITMENTS: Seen = {
  all: ['operator', 'host', 'holder', 'stranger'],
  bound: BOUND.map(([partner, ...roles]) => ((roles as readonly string[]).includes('partner') ? [partner] : [])),
};
const FACILITIES: Seen = {
  all: ['site', 'elsewhere'],
  bound: [[], [], ['site'], ['site'], ['site'], ['site'], ['site'], [], []],
};
const REQUESTS: Seen = {
  all: ['held-at-site', 'undecided-at-site', 'operators-at-site', 'operators-elsewhere', 'strangers-elsewhere'],
  bound: [
    ['held-at-site', 'undecided-at-site'],
    [],
    ['operators-at-site', 'operators-elsewhere'],
    ['held-at-site', 'undecided-at-site', 'operators-at-site'],
    ['held-at-site', 'undecided-at-site', 'operators-at-site', 'operators-elsewhere'],
    [],
    [],
    ['strangers-elsewhere'],
    [],
  ],
};
/** Grants, allocations and usage have the same visibility. */
const AT_SITES: Seen = {
  all: ['held-at-site', 'operators-at-site', 'operators-elsewhere', 'strangers-elsewhere'],
  bound: [
    ['held-at-site'],
    [],
    ['held-at-site', 'operators-at-site', 'operators-elsewhere'],
    ['held-at-site', 'operators-at-site'],
    ['held-at-site', 'operators-at-site', 'operators-elsewhere'],
    ['held-at-site', 'operators-at-site'],
    ['held-at-site', 'operators-at-site'],
    ['strangers-elsewhere'],
    [],
  ],
};

/** Keys were issued to the programme first: to the panel, and to each of its roles. */
const KEYS: Seen = {
  all: [...PROGRAMME.map(() => 'programme' as const), 'programme', ...BOUND.map(([partner]) => partner)],
  bound: BOUND.map(([own]) => BOUND.filter(([partner]) => partner === own).map(() => own)),
};

type Kind = 'key' | 'capital-call' | 'partner' | 'commitment' | 'facility' | 'request' | 'allocation' | 'fund' | 'call';
/** `itself`: the route shows the caller to itself. */
type Line = { readonly path: string; readonly kind: Kind; readonly seen: Seen } | 'public' | 'itself';

/** A line for every route that answers a GET, also for its form as CSV. `{id}` stands for each row in turn; a list has none. */
const LINES: Readonly<Record<string, Line>> = {
  getMe: 'itself',
  listApiKeys: { path: '/v1/api-keys', kind: 'key', seen: KEYS },
  listPartners: { path: '/v1/partners', kind: 'partner', seen: PARTNERS },
  getPartner: { path: '/v1/partners/{id}', kind: 'partner', seen: PARTNERS },
  listFunds: { path: '/v1/funds', kind: 'fund', seen: everybody('fund') },
  getFund: { path: '/v1/funds/{id}', kind: 'fund', seen: everybody('fund') },
  listCommitments: { path: '/v1/commitments', kind: 'commitment', seen: COMMITMENTS },
  getCommitment: { path: '/v1/commitments/{id}', kind: 'commitment', seen: COMMITMENTS },
  listCapitalCalls: { path: '/v1/capital-calls', kind: 'capital-call', seen: COMMITMENTS },
  listFacilities: { path: '/v1/facilities', kind: 'facility', seen: FACILITIES },
  getFacility: { path: '/v1/facilities/{id}', kind: 'facility', seen: FACILITIES },
  getCapacity: { path: '/v1/facilities/{id}/capacity', kind: 'facility', seen: FACILITIES },
  getAccessPools: { path: '/v1/facilities/{id}/pools', kind: 'facility', seen: FACILITIES },
  listAccessCalls: { path: '/v1/access-calls', kind: 'call', seen: everybody('call-at-site', 'call-elsewhere') },
  getAccessCall: { path: '/v1/access-calls/{id}', kind: 'call', seen: everybody('call-at-site', 'call-elsewhere') },
  listAccessRequests: { path: '/v1/access-requests', kind: 'request', seen: REQUESTS },
  getAccessRequest: { path: '/v1/access-requests/{id}', kind: 'request', seen: REQUESTS },
  listGrants: { path: '/v1/grants', kind: 'request', seen: AT_SITES },
  getGrant: { path: '/v1/grants/{id}', kind: 'request', seen: AT_SITES },
  listAllocations: { path: '/v1/allocations', kind: 'allocation', seen: AT_SITES },
  listUsage: { path: '/v1/usage', kind: 'allocation', seen: AT_SITES },
  listPolicies: 'public',
  getDictionary: 'public',
  getEqualAccessReport: 'public',
  getEqualAccessSeries: 'public',
  getCapitalReport: 'public',
  getCapitalSeries: 'public',
  getCapacityReport: 'public',
  getCapacitySeries: 'public',
  listAttestations: 'public',
  listYearlySubmissions: 'public',
  listPublishedReports: 'public',
  getPublishedReport: 'public',
  getPublishedReportStreams: 'public',
  listEvents: 'public',
  // The envelope is public. Who sees sealed content in it has a test of its own below.
  getEvent: 'public',
  getEventProof: 'public',
  streamEvents: 'public',
  getTile: 'public',
  getCheckpoint: 'public',
  getWitnessedCheckpoint: 'public',
  getLogPolicy: 'public',
  getVerifierKey: 'public',
  listProblems: 'public',
  getProblem: 'public',
  getLiveness: 'public',
  getReadiness: 'public',
  getMetrics: 'public',
};

interface Operation {
  readonly operationId: string;
  readonly path: string;
  readonly isPublic: boolean;
  readonly isTable: boolean;
}
interface Caller {
  readonly name: string;
  readonly key: string;
  readonly seen: (seen: Seen) => readonly Row[];
}

let programme: Programme;
let operations: readonly Operation[];
let position: number;
const ids = new Map<Kind, Map<string, Row>>();
const callers: Caller[] = [];

beforeAll(async () => {
  operations = await readOperations();
  programme = await startProgramme();
  position = await record();
  for (const role of PROGRAMME) {
    callers.push({ name: role, key: await programme.ledger.keyFor([role]), seen: ({ all }) => all });
  }
  const holders: Row[] = PROGRAMME.map(() => 'programme');
  const partners = new Map([...known('partner')].map(([id, row]) => [row, id]));
  for (const [at, [partner, ...roles]] of BOUND.entries()) {
    const key = await programme.ledger.keyFor(roles, partners.get(partner));
    callers.push({ name: `${roles.join(' and ')} of the ${partner}`, key, seen: ({ bound }) => bound[at] ?? [] });
    holders.push(partner);
  }
  const idOfKey = (key: string): string => key.split('_')[1] ?? '';
  known('key').set(idOfKey(programme.panelKey), 'programme');
  for (const [at, { key }] of callers.entries()) known('key').set(idOfKey(key), holders[at] ?? 'programme');
  const lastKey = await programme.ledger.get(`/v1/events?stream=api-key-${idOfKey(callers.at(-1)?.key ?? '')}`);
  position = lastKey.body.data[0].position;
});
afterAll(() => programme.ledger.stop());

const known = (kind: Kind): Map<string, Row> => {
  const rows = ids.get(kind) ?? new Map<string, Row>();
  ids.set(kind, rows);
  return rows;
};
const idOf = (kind: Kind, wanted: Row): string => [...known(kind)].find(([, row]) => row === wanted)?.[0] ?? wanted;

/** Fills the ledger; returns the position of the last event. */
async function record(): Promise<number> {
  const { ledger, made, partner, facility, call, request, grant, allocate } = programme;
  const note = (kind: Kind, row: Row, id: string): string => {
    known(kind).set(id, row);
    return id;
  };
  const operator = note('partner', 'operator', await partner());
  const host = note('partner', 'host', await partner({ legalForm: 'member-state', category: null }));
  const holder = note('partner', 'holder', await partner());
  const stranger = note('partner', 'stranger', await partner());
  const site = note(
    'facility',
    'site',
    await facility({ operatorPartnerId: operator, hostStatePartnerId: host, capexMinor: '100000', currency: 'EUR' }),
  );
  const elsewhere = note('facility', 'elsewhere', await facility());

  const fundId = note(
    'fund',
    'fund',
    await made('/v1/funds', { name: 'Fund', currency: 'EUR', targetMinor: '1000000' }),
  );
  const tranche = { rank: 1, kind: 'senior', capMinor: '1000000' };
  const { trancheId } = (await ledger.must(ledger.post(`/v1/funds/${fundId}/tranches`, tranche))).body;
  for (const [partnerId, row] of known('partner')) {
    const pledge = { fundId, trancheId, partnerId, facilityId: site, amountMinor: '1', currency: 'EUR', kind: 'capex' };
    const id = note('commitment', row, await made('/v1/commitments', pledge));
    await ledger.must(ledger.post(`/v1/commitments/${id}/signature`, { signedOn: '2026-01-05' }));
  }
  await ledger.must(ledger.post(`/v1/funds/${fundId}/financial-close`, { reachedOn: '2026-01-05' }));
  for (const [id, row] of known('commitment')) {
    const due = { amountMinor: '1', issuedOn: '2026-02-02', dueOn: '2026-03-02' };
    const { body } = await ledger.must(ledger.post(`/v1/commitments/${id}/calls`, due));
    note('capital-call', row, body.callId);
  }

  const here = note('call', 'call-at-site', await call(site));
  const there = note('call', 'call-elsewhere', await call(elsewhere));
  const held = note('request', 'held-at-site', await grant(here, holder));
  note('request', 'undecided-at-site', (await ledger.must(request(here, holder))).body.id);
  const onOwnSite = note('request', 'operators-at-site', await grant(here, operator));
  const operators = note('request', 'operators-elsewhere', await grant(there, operator));
  const strangers = note('request', 'strangers-elsewhere', await grant(there, stranger));
  const used = note('allocation', 'held-at-site', await allocate(site, held));
  note('allocation', 'operators-at-site', await allocate(site, onOwnSite));
  note('allocation', 'operators-elsewhere', await allocate(elsewhere, operators));
  note('allocation', 'strangers-elsewhere', await allocate(elsewhere, strangers));
  const day = { from: '2026-06-01T00:00:00Z', to: '2026-06-02T00:00:00Z' };
  const records = [{ allocationId: used, ...day, chipHours: 1 }];
  return Number((await ledger.must(ledger.post('/v1/usage', { records }))).body.position);
}

/** From the committed document: another spec compares it with the controllers. */
async function readOperations(): Promise<readonly Operation[]> {
  const { paths } = JSON.parse(await readFile('openapi/openapi.json', 'utf8')) as {
    paths: Record<string, { get?: { operationId: string; 'x-roles'?: string[] } }>;
  };
  return Object.entries(paths).flatMap(([path, { get }]) =>
    get === undefined || path.endsWith('.csv')
      ? []
      : [
          {
            operationId: get.operationId,
            path,
            isPublic: get['x-roles'] === undefined,
            isTable: `${path}.csv` in paths,
          },
        ],
  );
}

const read = (path: string, { key }: Caller): Promise<TestAnswer> =>
  programme.ledger.get(`${path}?minPosition=${position}`, { key });
const named = (kind: Kind, found: readonly string[]): readonly string[] =>
  found.map((id) => known(kind).get(id) ?? `unknown ${id}`);
const idsOfCsv = ({ text }: TestAnswer): readonly string[] =>
  text
    .split('\n')
    .slice(1)
    .flatMap((line) => line.split(',', 1))
    .filter((id) => id !== '');

describe('what a caller sees', () => {
  it('has a line in this table for every read of the document, and no line too many', () => {
    expect(Object.keys(LINES).sort()).toEqual(operations.map(({ operationId }) => operationId).sort());
    for (const { operationId, path, isPublic } of operations) {
      const line = LINES[operationId];
      expect([operationId, line === 'public']).toEqual([operationId, isPublic]);
      if (typeof line === 'object') expect([operationId, line.path]).toEqual([operationId, path]);
    }
  });

  const lines = Object.entries(LINES).flatMap(([operationId, line]) =>
    typeof line === 'string' ? [] : [{ operationId, ...line }],
  );
  it.each(lines.filter(({ path }) => !path.includes('{id}')))(
    '$operationId lists for each role of each partner the rows that are its own, as JSON and as CSV',
    async ({ operationId, path, kind, seen }) => {
      expect(operations.find((operation) => operation.operationId === operationId)?.isTable).toBe(true);
      for (const caller of callers) {
        const [json, csv] = [await read(path, caller), await read(`${path}.csv`, caller)];
        const found = named(
          kind,
          json.body.data.map(({ id }: { id: string }) => id),
        );
        expect([caller.name, found]).toEqual([caller.name, caller.seen(seen)]);
        expect([caller.name, named(kind, idsOfCsv(csv))]).toEqual([caller.name, caller.seen(seen)]);
      }
    },
  );

  it.each(lines.filter(({ path }) => path.includes('{id}')))(
    '$operationId answers 404 to each role of each partner where the row is not its own',
    async ({ path, kind, seen }) => {
      for (const caller of callers) {
        const found: Row[] = [];
        for (const [id, row] of known(kind)) {
          const { status } = await read(path.replace('{id}', id), caller);
          if (status === 200) found.push(row);
          else expect([caller.name, row, status]).toEqual([caller.name, row, 404]);
        }
        expect([caller.name, found]).toEqual([caller.name, caller.seen(seen)]);
      }
    },
  );

  it('is the same for every caller in a public list and in a public report', async () => {
    const lists = operations.filter(({ isPublic, isTable, path }) => isPublic && isTable && !path.includes('{'));
    expect(lists.map(({ operationId }) => operationId).sort()).toEqual([
      'getCapacityReport',
      'getCapacitySeries',
      'getCapitalReport',
      'getCapitalSeries',
      'getEqualAccessReport',
      'getEqualAccessSeries',
      'listEvents',
      'listPolicies',
      'listPublishedReports',
    ]);
    for (const { path } of lists) {
      const anonymous = await programme.ledger.get(path, { key: null });
      expect([path, anonymous.status]).toEqual([path, 200]);
      for (const { name, key } of callers) {
        const { text } = await programme.ledger.get(path, { key });
        expect([path, name, text === anonymous.text]).toEqual([path, name, true]);
      }
    }
  });

  it('includes sealed content for its confidants, and in the request for its applicant', async () => {
    const id = idOf('request', 'held-at-site');
    const events = await programme.ledger.get(`/v1/events?stream=access-request-${id}`);
    const submission = events.body.data[0].id;
    const readers: Record<'request' | 'event', string[]> = { request: [], event: [] };
    for (const caller of callers) {
      const { body: request } = await read(`/v1/access-requests/${id}`, caller);
      if (request.purpose === 'Training.') readers.request.push(caller.name);
      const { body: event } = await programme.ledger.get(`/v1/events/${submission}`, { key: caller.key });
      expect(event.id).toBe(submission);
      if (event.content?.purpose === 'Training.') readers.event.push(caller.name);
    }
    expect(readers).toEqual({
      request: ['operator', 'panel', 'auditor', 'partner of the holder'],
      event: ['operator', 'panel', 'auditor'],
    });
  });
});
