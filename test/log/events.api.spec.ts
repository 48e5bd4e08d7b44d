import { startProgramme, type Programme } from '../access/programme.js';
import { EventFeed } from '../../src/log/event-feed.js';
import { READERS_PER_HOLDER_MAX } from '../../src/log/feed-readers.js';
import type { TestAnswer } from '../support/app.js';
import { EventStreamReader } from '../support/event-stream.js';

const NOBODY = '00000000-0000-8000-8000-000000000000';

let programme: Programme;
/** Ids of the partners that events are about, and of the commitment of the applicant. */
let ids: Record<
  'operator' | 'host' | 'applicant' | 'parent' | 'stranger' | 'facility' | 'request' | 'commitment',
  string
>;
let head = 0;
const readers: EventStreamReader[] = [];

beforeAll(async () => {
  programme = await startProgramme();
  ids = await record();
  head = await headAfterAll();
});
afterEach(() => {
  for (const reader of readers.splice(0)) reader.close();
});
afterAll(() => programme.ledger.stop());

async function record(): Promise<typeof ids> {
  const { ledger, made, partner, facility, call, grant, allocate } = programme;
  const [operator, host, applicant, parent, stranger] = [
    await partner(),
    await partner({ legalForm: 'member-state', category: null }),
    await partner(),
    await partner(),
    await partner(),
  ];
  const share = { otherPartnerId: parent, kind: 'linked', percent: 60, effectiveFrom: '2026-01-01' };
  await ledger.must(ledger.post(`/v1/partners/${applicant}/affiliations`, share));
  const site = await facility({
    operatorPartnerId: operator,
    hostStatePartnerId: host,
    capexMinor: '1000',
    currency: 'EUR',
  });
  const fundId = await made('/v1/funds', { name: 'Fund', currency: 'EUR', targetMinor: '1000' });
  const tranche = { rank: 1, kind: 'senior', capMinor: '1000' };
  const { trancheId } = (await ledger.must(ledger.post(`/v1/funds/${fundId}/tranches`, tranche))).body;
  const pledge = {
    fundId,
    trancheId,
    partnerId: applicant,
    facilityId: site,
    amountMinor: '5',
    currency: 'EUR',
    kind: 'capex',
  };
  const commitment = await made('/v1/commitments', pledge);
  await ledger.must(ledger.post(`/v1/commitments/${commitment}/signature`, { signedOn: '2026-06-01' }));
  const request = await grant(await call(site), applicant);
  const allocationId = await allocate(site, request);
  const day = { from: '2026-06-01T00:00:00Z', to: '2026-06-02T00:00:00Z' };
  await ledger.must(ledger.post('/v1/usage', { records: [{ allocationId, ...day, chipHours: 1 }] }));
  await ledger.keyFor(['partner'], applicant);
  return { operator, host, applicant, parent, stranger, facility: site, request, commitment };
}

const list = (query: string, key: string | null = null): Promise<TestAnswer> =>
  programme.ledger.get(`/v1/events${query}`, { key });

/** The last position, once the filters have seen it. */
async function headAfterAll(): Promise<number> {
  const { body } = await programme.ledger.must(
    programme.ledger.post('/v1/partners', { legalName: 'Mark', country: 'BE', legalForm: 'company' }),
  );
  const { status } = await list(`?type=partner-registered&limit=1&minPosition=${body.position}`);
  expect(status).toBe(200);
  return Number(body.position);
}

async function open(query = '', headers: Readonly<Record<string, string>> = {}): Promise<EventStreamReader> {
  const reader = await EventStreamReader.open(`${programme.ledger.url}/v1/events/stream${query}`, headers);
  readers.push(reader);
  return reader;
}
const refusal = async ({ response }: EventStreamReader): Promise<Record<string, unknown>> =>
  (await response.json()) as Record<string, unknown>;

/** The whole history, page by page. */
async function all(): Promise<readonly Record<string, unknown>[]> {
  const { body } = await list('?limit=200');
  expect(body.next).toBeNull();
  return body.data;
}

describe('the stream of events', () => {
  it('sends every event as an unnamed message with the same members as the list, under the id of its position', async () => {
    const messages = await (await open()).until(({ id }) => Number(id) === head);
    const events = messages.filter(({ data }) => data !== undefined);
    expect(events.every(({ event }) => event === undefined)).toBe(true);
    expect(events.map(({ data }) => JSON.parse(data ?? ''))).toEqual(await all());
    expect(events.map(({ id }) => Number(id))).toEqual(Array.from({ length: head }, (_, at) => at + 1));
  });

  it('begins after a position, after `Last-Event-ID` before that, and now with after=head', async () => {
    const positions = async (reader: EventStreamReader): Promise<number[]> =>
      (await reader.eventsTo(head)).map(({ position }) => Number(position));
    expect(await positions(await open(`?after=${head - 2}`))).toEqual([head - 1, head]);
    expect(await positions(await open('?after=head', { 'last-event-id': `${head - 1}` }))).toEqual([head]);
    const fromNow = await open('?after=head');
    const next = await headAfterAll();
    expect((await fromNow.eventsTo(next)).map(({ position }) => position)).toEqual([next]);
    head = next;
  });

  it('refuses a position that this history does not have, and takes the last one', async () => {
    for (const [query, headers] of [
      [`?after=${head + 1}`, {}],
      [`?after=${head + 1}&partnerId=${ids.applicant}`, {}],
      ['?after=head', { 'last-event-id': `${head + 1}` }],
    ] as const) {
      const reader = await open(query, headers);
      expect([query, reader.response.status, await refusal(reader)]).toEqual([
        query,
        400,
        expect.objectContaining({ code: 'position-not-recorded', head }),
      ]);
    }
    expect((await open(`?after=${head}`)).response.status).toBe(200);
    for (const query of ['?after=x', '?after=-1', '?after=01', '?from=now', '?after=head&after=1']) {
      const reader = await open(query);
      expect([query, reader.response.status, (await refusal(reader)).code]).toEqual([
        query,
        400,
        'malformed-parameter',
      ]);
    }
  });

  it('answers HEAD with the headers alone, as often as it is asked', async () => {
    for (let sent = 0; sent <= READERS_PER_HOLDER_MAX; sent += 1) {
      const answer = await fetch(`${programme.ledger.url}/v1/events/stream`, { method: 'HEAD' });
      expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
        200,
        'text/event-stream; charset=utf-8',
        '',
      ]);
    }
    const wrong = await fetch(`${programme.ledger.url}/v1/events/stream?after=${head + 1}`, { method: 'HEAD' });
    expect(wrong.status).toBe(400);
    expect((await open()).response.status).toBe(200);
  });

  it('takes up to 100 readers of one address, leaves the places of others, and takes a next reader when one has gone', async () => {
    const own = await Promise.all(Array.from({ length: READERS_PER_HOLDER_MAX }, () => open(`?after=${head}`)));
    expect(own.map(({ response }) => response.status)).toEqual(own.map(() => 200));
    const over = await open(`?after=${head}`);
    expect([over.response.status, over.response.headers.get('retry-after')]).toEqual([429, '5']);
    expect(await refusal(over)).toMatchObject({ code: 'too-many-own-readers', limit: READERS_PER_HOLDER_MAX });
    const authorization = `Bearer ${await programme.ledger.keyFor(['auditor'])}`;
    expect((await open(`?after=${head}`, { authorization })).response.status).toBe(200);
    expect((await open(`?after=${head}`, { authorization: 'Bearer nobody' })).response.status).toBe(401);
    own[0]?.close();
    while ((await open(`?after=${head}`)).response.status !== 200);
  });

  it('moves the id past events that a filter leaves out, so that a reader does not look through them again', async () => {
    programme.ledger.app.get(EventFeed).heartbeatMs = 100;
    const reader = await open(`?after=head&partnerId=${NOBODY}`);
    head = await headAfterAll();
    const messages = await reader.until(({ id }) => id !== undefined && Number(id) >= head);
    expect(messages.filter(({ data }) => data !== undefined)).toEqual([]);
  });
});

describe('the filters of events', () => {
  const found = async (query: string): Promise<readonly Record<string, unknown>[]> => {
    const reader = await open(query);
    const matching = (await list(`${query}&limit=200`)).body.data as Record<string, unknown>[];
    expect(matching.length).toBeGreaterThan(0);
    const last = Number(matching.at(-1)?.['position']);
    const streamed = await reader.eventsTo(last);
    expect([query, streamed]).toEqual([query, matching]);
    // Page by page they are the same.
    const paged: Record<string, unknown>[] = [];
    for (let next: string | null = (await list(`${query}&limit=1`)).body.next; next !== null;) {
      const { body } = await list(`?cursor=${next}`);
      paged.push(...body.data);
      next = body.next;
    }
    expect([query, paged]).toEqual([query, matching.slice(1)]);
    return matching;
  };
  const types = (events: readonly Record<string, unknown>[]): string[] => events.map(({ type }) => String(type));

  it('find the events of one type and of several types, in the order of the history', async () => {
    const history = await all();
    const calls = ['access-call-opened', 'commitment-signed', 'partner-classified'];
    const query = `?${calls.map((type) => `type=${type}`).join('&')}`;
    expect(await found(query)).toEqual(history.filter(({ type }) => calls.includes(String(type))));
    expect(await found('?type=commitment-signed')).toEqual(history.filter(({ type }) => type === 'commitment-signed'));
  });

  it('find all that concerns a partner, by what each type of event declares', async () => {
    expect(types(await found(`?partnerId=${ids.applicant}`))).toEqual([
      'partner-registered',
      'partner-classified',
      'affiliation-recorded',
      'commitment-pledged',
      'commitment-signed',
      'tranche-subscribed',
      'contribution-recorded',
      'access-request-submitted',
      'access-granted',
      'chips-allocated',
      'usage-reported',
      'api-key-issued',
    ]);
    expect(types(await found(`?partnerId=${ids.parent}`))).toEqual([
      'partner-registered',
      'partner-classified',
      'affiliation-recorded',
    ]);
    expect(types(await found(`?partnerId=${ids.operator}`))).toEqual([
      'partner-registered',
      'partner-classified',
      'facility-registered',
    ]);
    expect(types(await found(`?partnerId=${ids.host}`))).toEqual(['partner-registered', 'facility-registered']);
    expect((await list(`?partnerId=${NOBODY}`)).body.data).toEqual([]);
  });

  it('are all met where several are set', async () => {
    const both = `?partnerId=${ids.applicant}&type=access-granted&type=usage-reported&type=capacity-installed`;
    expect(types(await found(both))).toEqual(['access-granted', 'usage-reported']);
    const stream = `stream=facility-${ids.facility}`;
    expect(types(await found(`?${stream}&partnerId=${ids.applicant}`))).toEqual([
      'contribution-recorded',
      'chips-allocated',
    ]);
    expect(types(await found(`?${stream}&type=capacity-installed&type=chips-allocated`))).toEqual([
      'capacity-installed',
      'chips-allocated',
    ]);
    expect(types(await found(`?${stream}&partnerId=${ids.host}&type=facility-registered`))).toEqual([
      'facility-registered',
    ]);
    expect((await list(`?${stream}&partnerId=${ids.stranger}`)).body.data).toEqual([]);
    const [usage] = (await list(`?partnerId=${ids.applicant}&type=usage-reported`)).body.data;
    expect(types(await found(`?partnerId=${ids.applicant}&after=${usage.position}`))).toEqual(['api-key-issued']);
  });

  it('refuse an unknown type with the nearest ones, in the list and in the stream', async () => {
    for (const path of ['/v1/events', '/v1/events/stream']) {
      const answer = await programme.ledger.get(`${path}?type=commitment-signed&type=capital-called`, { key: null });
      expect([path, answer.status, answer.body]).toEqual([
        path,
        400,
        expect.objectContaining({
          code: 'unknown-event-type',
          nearest: expect.arrayContaining(['capital-call-paid', 'capital-call-issued']),
          detail: expect.stringMatching(/^There is no event type "capital-called". The nearest are capital-call-/),
        }),
      ]);
      const { status, body } = await programme.ledger.get(`${path}?type=`, { key: null });
      expect([path, status, body.code]).toEqual([path, 400, 'malformed-parameter']);
    }
  });

  it('find what was recorded on the days of a range, which are whole days in UTC', async () => {
    const [today, day] = ['2026-06-15', '2026-06-16'];
    expect((await list(`?from=${today}&to=${today}&limit=200`)).body.data).toHaveLength(head);
    expect((await list(`?from=${day}`)).body.data).toEqual([]);
    expect((await list('?to=2026-06-14')).body.data).toEqual([]);
    const wrong = await list(`?from=${day}&to=${today}`);
    expect([wrong.status, wrong.body.code, wrong.body.errors[0].pointer]).toEqual([400, 'malformed-parameter', '/to']);
  });

  it('refuse a cursor that was changed by hand', async () => {
    const changed = (filters: object): string =>
      Buffer.from(JSON.stringify({ after: 0, limit: 1, filters })).toString('base64url');
    for (const filters of [{ stream: '\0' }, { partnerId: 'x' }, { until: 'x' }, { types: '\0' }]) {
      const { status, body } = await list(`?cursor=${changed(filters)}`);
      expect([filters, status, body.code]).toEqual([filters, 400, 'malformed-parameter']);
    }
  });
});
