import type { TestApp } from '../support/app.js';

/**
 * A short programme through the API, with sealed content, and a published report as the last event; waits until it is in a checkpoint.
 * @returns the request for access, whose texts are sealed.
 */
export async function recordProgramme(api: TestApp, companies: number): Promise<{ readonly requestId: string }> {
  const post = async (path: string, body: object, key?: string): Promise<Record<string, string>> =>
    (await api.must(api.post(path, body, key === undefined ? {} : { key }))).body;
  const company = (n: number) => ({ legalName: `Company ${n}`, country: 'SE', legalForm: 'company' });
  const partners = await Promise.all(Array.from({ length: companies }, (_, n) => post('/v1/partners', company(n))));
  const partnerId = partners[0]?.['id'];
  await post(`/v1/partners/${partnerId}/classifications`, {
    category: 'sme',
    basis: 'b',
    evidenceRef: 'e',
    effectiveFrom: '2026-01-01',
  });
  const facility = await post('/v1/facilities', { name: 'Site', country: 'SE', kind: 'ai-factory' });
  await post(`/v1/facilities/${facility['id']}/capacity`, {
    chipModel: 'gb300',
    chips: 100,
    effectiveFrom: '2026-01-01',
  });
  const call = {
    facilityId: facility['id'],
    mode: 'regular',
    title: 't',
    opensAt: '2026-01-01',
    closesAt: '2199-01-01',
    chipHours: 1000,
  };
  const { id: callId } = await post('/v1/access-calls', {
    ...call,
    opensAt: '2026-01-01T00:00:00Z',
    closesAt: '2199-01-01T00:00:00Z',
  });
  const request = await post('/v1/access-requests', { callId, partnerId, chipHours: 500, sector: 's', purpose: 'p' });
  const panel = await api.keyFor(['panel']);
  const decision = {
    outcome: 'granted',
    chipHours: 400,
    priceBasis: 'free',
    freeReason: 'sme-innovation',
    reasonCodes: ['ok'],
    validFrom: '2026-05-01T00:00:00Z',
    validTo: '2026-08-01T00:00:00Z',
  };
  await post(`/v1/access-requests/${request['id']}/decision`, decision, panel);
  const interval = { from: '2026-05-01T00:00:00Z', to: '2026-05-02T00:00:00Z' };
  const { allocationId } = await post(`/v1/facilities/${facility['id']}/allocations`, {
    grantId: request['id'],
    chipModel: 'gb300',
    chips: 10,
    ...interval,
  });
  const { position: before } = await post('/v1/usage', { records: [{ allocationId, ...interval, chipHours: 200 }] });
  await api.get(`/v1/transparency/capital?minPosition=${before}`, { key: null });
  const { position } = await post('/v1/transparency/reports', {
    kind: 'equal-access',
    periodFrom: '2026-01-01',
    periodTo: '2199-01-01',
  });
  const [event] = (await api.get(`/v1/events?after=${Number(position) - 1}&minPosition=${position}`, { key: null }))
    .body.data;
  expect((await api.get(`/v1/events/${event.id}/proof`, { key: null })).status).toBe(200);
  return { requestId: String(request['id']) };
}
