import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { canonicalize } from '../../src/ledger/canonical.js';
import { TileBuilder } from '../../src/tlog/tile-builder.js';
import { leafHash } from '../../src/tlog/merkle.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let api: TestApp;
beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApp({ databaseUrl: database.url });
});
afterAll(async () => {
  await api.stop();
  await database.drop();
});

const register = async (legalName: string): Promise<number> => {
  const { body } = await api.must(api.post('/v1/partners', { legalName, country: 'SE', legalForm: 'company' }));
  return Number(body.position);
};
const log = async (): Promise<{ size: number; failure?: string }> =>
  (await api.get('/readyz', { key: null })).body.log as { size: number; failure?: string };
const size = async (): Promise<number> => (await log()).size;

/** An event in the form of the last one, appended as the service appends, without its key. */
async function appendForged(client: PoolClient): Promise<void> {
  const { rows } = await client.query(
    `select envelope, batch, check_value, h.position, append_key,
       to_char(h.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as stamp
     from ledger_head h join events e on e.position = h.position`,
  );
  const [head] = rows;
  const [id, commandId, stream] = [randomUUID(), randomUUID(), `partner-${randomUUID()}`];
  const event = JSON.parse(head.envelope);
  const data = { ...event.data, legalName: 'Forged AB' };
  const text = canonicalize({ ...event, id, commandId, stream, recordedAt: head.stamp, data });
  const { rows: appended } = await client.query(
    `select first_position from append_checked($8, null, null, '{}', '{}', array[$1], array[0], array[$2::uuid], array['partner-registered'],
       array[$3], array[$4::uuid], array['f'], array[1], array['{}'], null, $5, $6, $7, $8, $9, sha256('guess'))`,
    [stream, id, text, commandId, head.batch, head.check_value, head.position, head.stamp, head.append_key],
  );
  expect(appended[0].first_position).toBe(Number(head.position) + 1);
}

it('a size of the log that nobody signed is found: what stands before it is not signed over', async () => {
  const position = await register('One AB');
  while ((await size()) < position);
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    await client.query('select from log_head for update');
    await appendForged(client);
    const builder = new TileBuilder();
    const { rows } = await client.query<{ envelope: string }>('select envelope from events order by position');
    for (const { envelope } of rows) builder.append(leafHash(Buffer.from(envelope)));
    for (const { address, bytes } of [...builder.takeFullTiles(), ...builder.partialTiles()]) {
      await client.query(
        'insert into log_tiles (level, index, width, bytes) values ($1, $2, $3, $4) on conflict do nothing',
        [address.level, address.index, address.width, Buffer.from(bytes)],
      );
    }
    await client.query('update log_head set size = $1, root = $2', [builder.size, Buffer.from(builder.root())]);
    await client.query('commit');
  } finally {
    client.release();
  }
  await register('Three AB');
  for (;;) {
    const { failure = '' } = await log();
    if (failure.includes(`signed for size ${position}`)) break;
  }
  const { rows } = await database.pool.query('select max(size) as signed from log_checkpoints');
  expect(Number(rows[0].signed)).toBe(position);
}, 60_000);
