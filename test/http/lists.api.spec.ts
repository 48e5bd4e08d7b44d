import { readFile } from 'node:fs/promises';
import { AttestationWorker } from '../../src/audit/database/attestation/attestation.worker.js';
import { EVENT_STORE, type EventStore } from '../../src/ledger/event-store.js';
import { NOW, startProgramme, type Programme } from '../access/programme.js';

const TODAY = NOW.slice(0, 10);

/** For each list the first and the last of the days on which its one row is found, or its rows. */
const DAYS: Readonly<Record<string, readonly [first: string, last: string]>> = {
  listAccessCalls: ['2026-01-01', '2026-12-31'],
  listAccessRequests: [TODAY, TODAY],
  listAllocations: ['2026-06-01', '2026-06-30'],
  listApiKeys: [TODAY, TODAY],
  listAttestations: [TODAY, TODAY],
  listCapitalCalls: ['2026-03-02', '2026-03-02'],
  listCommitments: ['2026-01-05', '2026-01-05'],
  listEvents: [TODAY, TODAY],
  listFacilities: [TODAY, TODAY],
  listFunds: [TODAY, TODAY],
  listGrants: [TODAY, TODAY],
  listPartners: [TODAY, TODAY],
  listPolicies: ['2026-06-20', '2026-06-20'],
  listPublishedReports: [TODAY, TODAY],
  listUsage: ['2026-06-01', '2026-06-30'],
  listYearlySubmissions: [TODAY, TODAY],
};

/** The name that stands beside each id in the rows of lists. */
const NAMES: Readonly<Record<string, string>> = {
  callId: 'callTitle',
  facilityId: 'facilityName',
  fundId: 'fundName',
  hostStatePartnerId: 'hostStatePartnerName',
  operatorPartnerId: 'operatorPartnerName',
  partnerId: 'partnerName',
};

interface Operation {
  readonly operationId: string;
  readonly path: string;
  readonly parameters: readonly string[];
  readonly isList: boolean;
}

let programme: Programme;
let operations: readonly Operation[];
let position = 0;
beforeAll(async () => {
  operations = await readOperations();
  programme = await startProgramme();
  await record();
});
afterAll(() => programme.ledger.stop());

/** One row in every list, at least. */
async function record(): Promise<void> {
  const { ledger, made, partner, facility, call, grant, allocate } = programme;
  const post = async (path: string, body: object, key?: string): Promise<Record<string, string>> =>
    (await ledger.must(ledger.post(path, body, key === undefined ? {} : { key }))).body;
  const [operator, host, holder] = [
    await partner(),
    await partner({ legalForm: 'member-state', category: null }),
    await partner(),
  ];
  const site = await facility({
    operatorPartnerId: operator,
    hostStatePartnerId: host,
    capexMinor: '100',
    currency: 'EUR',
  });
  const fundId = await made('/v1/funds', { name: 'Fund', currency: 'EUR', targetMinor: '1000' });
  const { trancheId } = await post(`/v1/funds/${fundId}/tranches`, { rank: 1, kind: 'senior', capMinor: '1000' });
  const pledge = {
    fundId,
    trancheId,
    partnerId: holder,
    facilityId: site,
    amountMinor: '10',
    currency: 'EUR',
    kind: 'capex',
  };
  const commitment = await made('/v1/commitments', pledge);
  await post(`/v1/commitments/${commitment}/signature`, { signedOn: '2026-01-05' });
  await post(`/v1/funds/${fundId}/financial-close`, { reachedOn: '2026-01-05' });
  await post(`/v1/commitments/${commitment}/calls`, { amountMinor: '5', issuedOn: '2026-03-02', dueOn: '2026-04-02' });
  const granted = await grant(await call(site), holder);
  const allocationId = await allocate(site, granted);
  await allocate(site, granted, { from: '2026-09-01T00:00:00Z', to: '2026-10-01T00:00:00Z' }).then((id) =>
    post(`/v1/facilities/${site}/allocations/${id}/release`, { at: '2026-08-01T00:00:00Z' }),
  );
  const day = { from: '2026-06-01T00:00:00Z', to: '2026-06-02T00:00:00Z' };
  await post('/v1/usage', { records: [{ allocationId, ...day, chipHours: 1 }] });
  const hashes = { dataSha256: '0'.repeat(64), auditReportSha256: '0'.repeat(64) };
  const submission = { year: 2025, submittedOn: '2026-01-20', dataPosition: 1, dataMethodVersion: '2.0', ...hashes };
  await post(`/v1/facilities/${site}/yearly-submissions`, submission);
  await ledger.keyFor(['partner'], holder);
  const board = await ledger.keyFor(['board']);
  const policy = { policy: 'entitlement-basis', value: 'committed', effectiveFrom: '2026-06-20', reason: 'Decided.' };
  await post('/v1/policies', policy, board);
  const report = { kind: 'capital', periodFrom: '2026-01-01', periodTo: '2026-12-31' };
  await post('/v1/transparency/reports', report);
  await ledger.app.get(AttestationWorker).check(() => Promise.resolve());
  position = await ledger.app.get<EventStore>(EVENT_STORE).head();
}

async function readOperations(): Promise<readonly Operation[]> {
  const { paths } = JSON.parse(await readFile('openapi/openapi.json', 'utf8')) as {
    paths: Record<string, { get?: { operationId: string; parameters?: { name: string; in: string }[] } }>;
  };
  return Object.entries(paths).flatMap(([path, { get }]) => {
    if (get === undefined) return [];
    const parameters = (get.parameters ?? []).flatMap((parameter) =>
      parameter.in === 'query' ? [parameter.name] : [],
    );
    // The form of a list as CSV has the parameters of the list.
    const isList = parameters.includes('cursor') && !path.endsWith('.csv');
    return [{ operationId: get.operationId, path, parameters, isList }];
  });
}

const rowsOf = async (path: string, query: string): Promise<readonly Record<string, unknown>[]> => {
  const { status, body } = await programme.ledger.get(`${path}?limit=200&minPosition=${position}${query}`);
  expect([path, query, status]).toEqual([path, query, 200]);
  return body.data;
};
const dayAfter = (day: string, days: number): string =>
  new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);

describe('every list', () => {
  it('takes the days from and to, and the table of this spec has its days', () => {
    const lists = operations.filter(({ isList }) => isList);
    expect(lists.map(({ operationId }) => operationId).sort()).toEqual(Object.keys(DAYS).sort());
    for (const { operationId, parameters } of lists) {
      expect([operationId, parameters]).toEqual([
        operationId,
        expect.arrayContaining(['from', 'to', 'limit', 'cursor']),
      ]);
    }
  });

  it.each(Object.entries(DAYS))(
    '%s finds its rows on whole days in UTC, both included',
    async (operationId, [first, last]) => {
      const path = operations.find((operation) => operation.operationId === operationId)?.path ?? '';
      const found = async (query: string): Promise<boolean> => (await rowsOf(path, query)).length > 0;
      for (const [query, isFound] of [
        [`&from=${first}&to=${first}`, true],
        [`&from=${last}&to=${last}`, true],
        [`&from=${last}`, true],
        [`&to=${first}`, true],
        [`&to=${dayAfter(first, -1)}`, false],
        [`&from=${dayAfter(last, 1)}`, false],
      ] as const) {
        expect([operationId, query, await found(query)]).toEqual([operationId, query, isFound]);
      }
      for (const query of [`?from=${last}&to=${dayAfter(last, -1)}`, '?from=2026-02-30', '?to=2026-06-15T00:00:00Z']) {
        const { status, body } = await programme.ledger.get(path + query);
        expect([operationId, query, status, body.code]).toEqual([operationId, query, 400, 'malformed-parameter']);
      }
    },
  );

  it('keeps its days in the cursor', async () => {
    const first = await programme.ledger.get(`/v1/partners?limit=1&from=${TODAY}&to=${TODAY}&minPosition=${position}`);
    const pages = [first.body];
    for (let page = first.body; page.next !== null; pages.push(page)) {
      ({ body: page } = await programme.ledger.get(`/v1/partners?cursor=${page.next}`));
    }
    expect(pages.flatMap(({ data }) => data)).toEqual(await rowsOf('/v1/partners', ''));
  });

  it('shows names beside the ids of its rows', async () => {
    const named = new Set<string>();
    for (const { operationId, path } of operations.filter(({ isList }) => isList)) {
      for (const row of await rowsOf(path, '')) {
        for (const [id, name] of Object.entries(NAMES)) {
          if (row[id] === undefined) continue;
          const expected = row[id] === null ? null : expect.stringMatching(/^(Partner in|Factory|Fund|Regular)/);
          expect([operationId, name, row[name]]).toEqual([operationId, name, expected]);
          if (row[id] !== null) named.add(name);
        }
      }
    }
    expect([...named].sort()).toEqual(Object.values(NAMES).sort());
  });
});

/** Bytes that are published as files: caches in front of them may add parameters, which are ignored. */
const FILES = /^\/(log|problems)(\/|$)|^\/v1\/transparency\/reports\/\{id\}/;
/** Probes of whoever runs the service; some add a parameter against caches. */
const PROBES = /^\/(livez|readyz|metrics)$/;

describe('every read', () => {
  it('refuses a parameter that it does not know: most are misspelt known ones', async () => {
    const accepting: string[] = [];
    for (const { operationId, path } of operations.filter((one) => !FILES.test(one.path) && !PROBES.test(one.path))) {
      const controller = new AbortController();
      const url = programme.ledger.url + path.replaceAll(/\{\w+\}/g, '0b7e5c1a-3f52-4c8e-9a41-6d2f8c9e1b37');
      const { status } = await fetch(`${url}?unknwon=1`, {
        headers: { authorization: `Bearer ${programme.panelKey}` },
        signal: controller.signal,
      });
      controller.abort();
      if (status !== 400) accepting.push(`${operationId} ${status}`);
    }
    expect(accepting).toEqual([]);
  });
});
