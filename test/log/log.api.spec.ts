import { Client } from 'pg';
import { openCheckpoint } from '../../src/tlog/checkpoint.js';
import { decodeBundle } from '../../src/tlog/entry-bundle.js';
import { CompactRange, leafHash } from '../../src/tlog/merkle.js';
import { parseVerifierKey } from '../../src/tlog/note-key.js';
import { thresholdPolicy } from '../../src/tlog/policy.js';
import { parseProof, verifyProof } from '../../src/tlog/proof.js';
import { bundlesOfGrowth, formatTilePath } from '../../src/tlog/tile.js';
import { TileBuilder } from '../../src/tlog/tile-builder.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { tilePathsOf } from '../tlog/tiles.js';

const COMPANY = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };

describe('the transparency log over HTTP', () => {
  let api: TestApp;
  beforeAll(async () => {
    api = await startTestApp();
  });
  afterAll(() => api.stop());

  const bytesOf = async (path: string): Promise<Uint8Array> => {
    const response = await fetch(`${api.url}/log/${path}`);
    expect(response.status).toBe(200);
    return new Uint8Array(await response.arrayBuffer());
  };
  const register = async (count: number): Promise<string[]> => {
    const made = await Promise.all(Array.from({ length: count }, () => api.must(api.post('/v1/partners', COMPANY))));
    return made.map(({ body }) => String(body.id));
  };

  it('is published so that a reader rebuilds it from its entries alone', async () => {
    const [id = ''] = await register(300);
    const event = (await api.get(`/v1/events?stream=partner-${id}`, { key: null })).body.data[0];
    await api.get(`/v1/events/${event.id}/proof`, { key: null });
    const key = parseVerifierKey((await api.get('/log/vkey', { key: null })).text.trim());
    const note = (await api.get('/log/checkpoint', { key: null })).text;
    const { size, root } = openCheckpoint(note, key.name, [key]).checkpoint;
    expect(size).toBeGreaterThanOrEqual(event.position);
    const builder = new TileBuilder();
    const range = new CompactRange();
    for (const bundle of bundlesOfGrowth(0, size)) {
      for (const entry of decodeBundle(await bytesOf(formatTilePath(bundle)), bundle.width)) {
        builder.append(leafHash(entry));
        range.append(leafHash(entry));
      }
    }
    expect(range.root()).toEqual(root);
    const tiles = new Map(
      [...builder.takeFullTiles(), ...builder.partialTiles()].map((tile) => [formatTilePath(tile.address), tile]),
    );
    for (const path of tilePathsOf(size)) {
      const built = tiles.get(path);
      if (!built) throw new Error(`The builder has no ${path}.`);
      expect(Buffer.from(await bytesOf(path))).toEqual(Buffer.from(built.bytes));
    }
    // A reader that holds the tile gets no bytes, also when a proxy made the tag weak.
    const [first = ''] = tilePathsOf(size);
    const { etag = '' } = (await api.get(`/log/${first}`, { key: null })).headers;
    const held = await api.get(`/log/${first}`, { key: null, headers: { 'if-none-match': `"other", W/${etag}` } });
    // Clients that a generator made send the slashes of a parameter in this form.
    const encoded = first.replace('tile/', '').replaceAll('/', '%2F');
    expect((await api.get(`/log/tile/${encoded}`, { key: null })).headers['etag']).toBe(etag);
    expect([held.status, held.text, held.headers['etag']]).toEqual([304, '', etag]);
  });

  it('returns a receipt that proves one event offline, and no other event', async () => {
    const [id = ''] = await register(1);
    const event = (await api.get(`/v1/events?stream=partner-${id}`, { key: null })).body.data[0];
    const receipt = await api.get(`/v1/events/${event.id}/proof`, { key: null });
    const key = parseVerifierKey((await api.get('/log/vkey', { key: null })).text.trim());
    const { position, ...envelope } = event;
    const { canonicalize } = await import('../../src/ledger/canonical.js');
    const leaf = leafHash(Buffer.from(canonicalize(envelope)));
    const proof = parseProof(receipt.text);
    expect(proof.index).toBe(position - 1);
    const policy = thresholdPolicy({ key }, [], 0);
    expect(() => verifyProof(proof, leaf, policy)).not.toThrow();
    const other = leafHash(Buffer.from(canonicalize({ ...envelope, revision: 1 })));
    expect(() => verifyProof(proof, other, policy)).toThrow();
  });

  it.each(['tile/0/999', 'tile/0/0', 'tile/00/000', 'tile/entries/000.p/0', 'tile/7/000', 'tile/x/../../etc'])(
    'answers 404 for the missing tile %s',
    async (path) => {
      expect((await api.get(`/log/${path}`, { key: null })).status).toBe(404);
    },
  );

  it('never has two signed histories when two instances integrate the same events', async () => {
    const second = await startTestApp({ sharedWith: api });
    try {
      for (let round = 0; round < 5; round += 1) {
        await Promise.all([
          register(20),
          ...Array.from({ length: 20 }, () => second.must(second.post('/v1/partners', COMPANY))),
        ]);
      }
      const { position } = (await api.must(api.post('/v1/partners', COMPANY))).body;
      const event = (await api.get(`/v1/events?after=${position - 1}`, { key: null })).body.data[0];
      await api.get(`/v1/events/${event.id}/proof`, { key: null });
    } finally {
      await second.stop();
    }
    const client = new Client(api.databaseUrl);
    await client.connect();
    try {
      const { rows: events } = await client.query('select envelope from events order by position');
      const { rows: checkpoints } = await client.query('select size, root from log_checkpoints order by size');
      const range = new CompactRange();
      const roots = new Map<number, Uint8Array>();
      for (const { envelope } of events) {
        range.append(leafHash(Buffer.from(envelope)));
        roots.set(range.size, range.root());
      }
      expect(checkpoints.length).toBeGreaterThan(1);
      for (const { size, root } of checkpoints)
        expect(new Uint8Array(root)).toEqual(new Uint8Array(roots.get(Number(size)) ?? []));
    } finally {
      await client.end();
    }
  });
});
