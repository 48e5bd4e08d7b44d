import { NOW, startProgramme, type Programme } from '../../access/programme.js';

const PATH = '/v1/transparency/equal-access';

let programme: Programme;
let position: number;
beforeAll(async () => {
  programme = await startProgramme();
  const callId = await programme.call(await programme.facility());
  const partnerId = await programme.partner();
  const submit = (effectiveAt: string) =>
    programme.ledger.must(programme.request(callId, partnerId, { effectiveAt, chipHours: 1_000 }));
  const { body } = await submit('2026-02-01T10:00:00Z');
  await submit('2026-04-01T10:00:00Z');
  const decision = { chipHours: 600, effectiveAt: '2026-03-01T10:00:00Z' };
  position = (await programme.ledger.must(programme.decide(body.id, decision))).body.position;
});
afterAll(() => programme.ledger.stop());

const read = (query: string) => programme.ledger.get(`${PATH}?minPosition=${position}&${query}`, { key: null });

describe('reports as of an effective time', () => {
  it.each([
    ['2026-01-31', '2026-01-31T23:59:59.999Z', 0, 0],
    ['2026-02-01T09:59:59.999Z', '2026-02-01T09:59:59.999Z', 0, 0],
    ['2026-02-01', '2026-02-01T23:59:59.999Z', 1, 0],
    ['2026-02', '2026-02-28T23:59:59.999Z', 1, 0],
    ['2026-03-01', '2026-03-01T23:59:59.999Z', 1, 600],
    ['2026-04-01T12:00:00+02:00', '2026-04-01T10:00:00Z', 2, 600],
  ])(
    'count on %s those recorded events that had taken effect by its end',
    async (text, effectiveAt, submitted, chipHoursGranted) => {
      const { body, headers } = await read(`effectiveAt=${text}`);
      expect(headers).toMatchObject({ 'ledger-position': String(body.position), 'ledger-effective-at': effectiveAt });
      expect(body).toMatchObject({ totals: { submitted, chipHoursGranted }, asOf: NOW, treeSize: body.position });
      expect(body.effectiveAt).toBe(effectiveAt);
      expect(headers['ledger-notice'] === undefined).toBe(submitted > 0);
    },
  );

  it('have the same bytes at the same position, whichever way the instant is written', async () => {
    const at = `asOfPosition=${position}`;
    const [date, instant] = [
      await read(`${at}&effectiveAt=2026-03-02`),
      await read(`${at}&effectiveAt=2026-03-02T23:59:59.999Z`),
    ];
    expect(instant.text).toBe(date.text);
    const whole = await read(at);
    expect((await read(`${at}&effectiveAt=2026-06-15`)).text).toBe(whole.text);
    expect(whole.body.effectiveAt).toBeNull();
  });

  it('reflect at an earlier position only the events that were recorded by then', async () => {
    // The decision is recorded with one more event, which counts the grant on its call.
    const { body } = await read(`asOfPosition=${position - 2}&effectiveAt=2026-03-02`);
    expect(body.totals).toMatchObject({ submitted: 1, granted: 0, pending: 1 });
  });

  it('are answered for capital and capacity, and as CSV', async () => {
    for (const path of ['capital', 'capacity', 'capital.csv', 'capacity.csv', 'equal-access.csv']) {
      const url = `/v1/transparency/${path}?minPosition=${position}&effectiveAt=2026-03-02`;
      expect((await programme.ledger.get(url, { key: null })).status).toBe(200);
    }
  });
});
