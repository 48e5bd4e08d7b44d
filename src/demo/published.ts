import { ApiFailure, problemText, type ApiClient } from '../client/api-client.js';
import { PROGRAMME_START } from './calendar.js';

const KINDS = ['equal-access', 'capital'] as const;
const DATE_LENGTH = 10;

/**
 * Publishes two reports of the loaded programme, unless the ledger has published some already. Everything in them was recorded today, so
 * the period ends today, and both are interim.
 * @param minPosition of the last command of the load
 * @throws ApiFailure if the ledger refuses
 */
export async function publishReports(api: ApiClient, key: string, minPosition: number): Promise<void> {
  const { data } = await api.read({ path: `/v1/transparency/reports?limit=1&minPosition=${minPosition}` });
  if (Array.isArray(data) && data.length > 0) return;
  const periodTo = new Date().toISOString().slice(0, DATE_LENGTH);
  for (const kind of KINDS) {
    const answer = await api.command({
      path: '/v1/transparency/reports',
      key,
      idempotencyKey: `demo-report:${kind}:${periodTo}`,
      body: { kind, periodFrom: PROGRAMME_START, periodTo },
    });
    if (answer.status !== 201) throw new ApiFailure(`The ${kind} report was not published: ${problemText(answer)}`);
  }
}
