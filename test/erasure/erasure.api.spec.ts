import { openCheckpoint } from '../../src/tlog/checkpoint.js';
import { decodeBundle } from '../../src/tlog/entry-bundle.js';
import { CompactRange, leafHash } from '../../src/tlog/merkle.js';
import { parseVerifierKey } from '../../src/tlog/note-key.js';
import { thresholdPolicy } from '../../src/tlog/policy.js';
import { parseProof, verifyProof } from '../../src/tlog/proof.js';
import { bundlesOfGrowth, formatTilePath } from '../../src/tlog/tile.js';
import { EVENT_STORE, type EventStore } from '../../src/ledger/event-store.js';
import { Projector } from '../../src/ledger/projector/projector.js';
import { RUNTIME, type Runtime } from '../../src/platform/runtime.js';
import { startProgramme, type Programme } from '../access/programme.js';
import { startTestApp } from '../support/app.js';

const REASON = { reason: 'Request under Art. 17 GDPR, case 17/2026' };
const CONFIDENTIAL = { purpose: 'Segmentation of rare tumours.', contact: 'Ada Desk, ada@example.eu' };
const NOWHERE = '00000000-0000-4000-8000-000000000000';

let programme: Programme;
let auditorKey: string;
let callId: string;
let partnerId: string;
beforeAll(async () => {
  programme = await startProgramme();
  auditorKey = await programme.ledger.keyFor(['auditor']);
  callId = await programme.call(await programme.facility());
  partnerId = await programme.partner();
});
afterAll(() => programme.ledger.stop());

const query = (text: string, values: unknown[] = []) =>
  programme.ledger.app.get<Runtime>(RUNTIME).pool.query(text, values);
const erase = (id: string, options = {}) => programme.ledger.post(`/v1/subjects/${id}/erasure`, REASON, options);

/** A request with sealed texts, and the event that commits to them. */
async function submit(): Promise<{ id: string; eventId: string; position: number }> {
  const { body } = await programme.ledger.must(programme.request(callId, partnerId, CONFIDENTIAL));
  const { data } = (await programme.ledger.get(`/v1/events?stream=access-request-${body.id}`)).body;
  return { id: String(body.id), eventId: String(data[0].id), position: Number(body.position) };
}
const contentsOf = async (id: string): Promise<number> =>
  (
    await query('select count(*) as count from content_keys join sealed_contents using (event_id) where subject = $1', [
      id,
    ])
  ).rows[0].count;
async function gone(id: string): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) if ((await contentsOf(id)) === 0) return;
  throw new Error('The content is still there.');
}

/** Rebuilds the tree from the published entries and compares it with the signed checkpoint. Checks a receipt against both. */
async function verifyLog(eventId: string): Promise<void> {
  const { ledger } = programme;
  const receipt = await ledger.get(`/v1/events/${eventId}/proof`, { key: null });
  const key = parseVerifierKey((await ledger.get('/log/vkey', { key: null })).text.trim());
  const note = (await ledger.get('/log/checkpoint', { key: null })).text;
  const { size, root } = openCheckpoint(note, key.name, [key]).checkpoint;
  const tree = new CompactRange();
  const leaves: Uint8Array[] = [];
  for (const bundle of bundlesOfGrowth(0, size)) {
    const response = await fetch(`${ledger.url}/log/${formatTilePath(bundle)}`);
    for (const entry of decodeBundle(new Uint8Array(await response.arrayBuffer()), bundle.width)) {
      leaves.push(leafHash(entry));
      tree.append(leafHash(entry));
    }
  }
  expect(tree.root()).toEqual(root);
  const proof = parseProof(receipt.text);
  const leaf = leaves[proof.index] ?? leafHash(new Uint8Array());
  expect(() => verifyProof(proof, leaf, thresholdPolicy({ key }, [], 0))).not.toThrow();
}

describe('the erasure of a subject', () => {
  it('destroys content and key, is on record, and leaves every proof unchanged', async () => {
    const { ledger } = programme;
    const { id, eventId } = await submit();
    const other = await submit();
    const store = ledger.app.get<EventStore>(EVENT_STORE);
    const before = await store.readEvent(eventId);
    const seen = (await ledger.get(`/v1/events/${eventId}`, { key: auditorKey })).body;
    expect(seen).toMatchObject({ content: CONFIDENTIAL, sealed: { subject: id } });
    expect(seen.erasedAt).toBeUndefined();
    await verifyLog(eventId);

    const erased = await erase(id);
    expect(erased).toMatchObject({ status: 200, body: { id, revision: 0, eventIds: [eventId] } });
    const { erasedAt, position } = erased.body;
    expect(await contentsOf(id)).toBe(0);
    const event = (await ledger.get(`/v1/events?stream=subject-${id}`, { key: null })).body.data[0];
    expect(event).toMatchObject({
      type: 'personal-data-erased',
      data: { subject: id, ...REASON, eventIds: [eventId], erasedAt },
    });

    for (const key of [auditorKey, programme.panelKey, undefined]) {
      const read = await ledger.get(
        `/v1/access-requests/${id}?minPosition=${position}`,
        key === undefined ? {} : { key },
      );
      expect(read.body).toMatchObject({ purpose: null, contact: null, erasedAt });
    }
    expect((await ledger.get(`/v1/events/${eventId}`, { key: auditorKey })).body).toMatchObject({
      content: null,
      erasedAt,
    });
    const open = (await ledger.get(`/v1/events/${eventId}`, { key: null })).body;
    expect([open.erasedAt, 'content' in open]).toEqual([erasedAt, false]);
    expect(await store.readEvent(eventId)).toEqual(before);
    await verifyLog(eventId);
    await verifyLog(event.id);

    const untouched = await ledger.get(`/v1/access-requests/${other.id}`, { key: auditorKey });
    expect(untouched.body).toMatchObject({ ...CONFIDENTIAL, erasedAt: null });
  });

  it('takes effect when the deletion fails: nobody reads the content any more, and the next start deletes it', async () => {
    const { ledger } = programme;
    const { id, eventId } = await submit();
    await query(`create function fail() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`);
    await query('create trigger fails before delete on content_keys for each statement execute function fail()');
    const { status, body } = await erase(id);
    expect(status).toBe(200);
    expect(await contentsOf(id)).toBe(1);
    expect((await ledger.get(`/v1/events/${eventId}`, { key: auditorKey })).body.content).toBeNull();
    const read = await ledger.get(`/v1/access-requests/${id}?minPosition=${body.position}`, { key: auditorKey });
    expect(read.body).toMatchObject({ purpose: null, contact: null, erasedAt: body.erasedAt });
    await query('drop trigger fails on content_keys');
    await ledger.app.get(Projector).reached('erasures', body.position, 10_000);
    const second = await startTestApp({ sharedWith: ledger });
    try {
      await gone(id);
    } finally {
      await second.stop();
    }
  });

  it('also covers content that a backup of its tables brings back', async () => {
    const { ledger } = programme;
    const { id } = await submit();
    await query('create table backup_keys as select * from content_keys');
    await query('create table backup_contents as select * from sealed_contents');
    const { body } = await ledger.must(erase(id));
    await ledger.app.get(Projector).reached('erasures', body.position, 10_000);
    await query('insert into content_keys select * from backup_keys on conflict do nothing');
    await query('insert into sealed_contents select * from backup_contents on conflict do nothing');
    expect(await contentsOf(id)).toBe(1);
    const second = await startTestApp({ sharedWith: ledger });
    try {
      await gone(id);
    } finally {
      await second.stop();
    }
  });

  it('leaves no sealed text readable in any table', async () => {
    const { id } = await submit();
    await programme.ledger.must(erase(id));
    const { rows } = await query(
      `select quote_ident(tablename) as name from pg_tables where schemaname = current_schema() and tablename not like 'backup%'`,
    );
    for (const { name } of rows) {
      const found = await query(`select count(*) as count from ${name} t where t::text ~ 'rare tumours|ada@example'`);
      expect([name, found.rows[0].count]).toEqual([name, 0]);
    }
  });

  it('is refused for a subject without sealed content, a second time, and to every caller except the programme', async () => {
    const { id } = await submit();
    expect(await erase(NOWHERE)).toMatchObject({ status: 404, body: { code: 'unknown-subject' } });
    expect(await erase(partnerId)).toMatchObject({ status: 404, body: { code: 'unknown-subject' } });
    for (const key of [auditorKey, programme.panelKey]) expect((await erase(id, { key })).status).toBe(403);
    expect((await programme.ledger.post(`/v1/subjects/${id}/erasure`, {})).status).toBe(422);
    const idempotencyKey = `erase-${id}`;
    const first = await programme.ledger.must(erase(id, { idempotencyKey }));
    expect((await erase(id, { idempotencyKey })).body).toEqual(first.body);
    expect(await erase(id)).toMatchObject({ status: 409, body: { code: 'already-erased' } });
  });
});
