import { formatVerifierKey } from '../../src/tlog/note-key.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { registerPartner } from '../../src/partners/partner.decisions.js';
import { partner } from '../../src/partners/partner.js';
import { contextOf } from '../ledger/accounts.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { checkProof, HashTree, hashOfEntry, IndependentReader, readCheckpoint } from '../support/independent-reader.js';
import { appLogKey, TestWitness, until, writePolicy } from '../witness/running-witness.js';

/** By default a few tiles; `READER_EVENTS=70000` makes a ledger with three levels of tiles. */
const EVENTS = Number(process.env['READER_EVENTS'] ?? 300);
/** Sent concurrently: they become one batch and one checkpoint. */
const AT_A_TIME = EVENTS < 1_000 ? 50 : 500;
/** Receipts that are checked, evenly over the log. */
const RECEIPTS = EVENTS < 1_000 ? 30 : 500;
/** Earlier sizes at which the whole log is read. */
const EARLIER_MAX = 4;
const COMPANY = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' } as const;
const MS_MAX = 60_000 + EVENTS * 20;

describe('a log for an independent reader without any code of the ledger', () => {
  let witnesses: TestWitness[];
  let api: TestApp;
  let reader: IndependentReader;
  let vkeys: string[];
  /** Checkpoints that were read while the log grew, by size. */
  const seen = new Map<number, string>();
  const textOf = async (path: string): Promise<string> => (await api.get(path, { key: null })).text;

  beforeAll(async () => {
    witnesses = [await TestWitness.start('one.example.eu'), await TestWitness.start('two.example.eu')];
    api = await startTestApp({ env: { LOG_POLICY: await writePolicy(witnesses, 2) } });
    vkeys = [formatVerifierKey(appLogKey), ...witnesses.map(({ inPolicy }) => formatVerifierKey(inPolicy.key))];
    reader = new IndependentReader(`${api.url}/log`, vkeys);
    const ledger = api.app.get(Ledger);
    const register = (key: string) =>
      ledger.execute(contextOf(key), (tx) => {
        tx.create(partner, tx.newId());
        tx.append(partner, tx.newId(), registerPartner(COMPANY, tx.now));
      });
    let last = 0;
    for (let sent = 0; sent < EVENTS; sent += AT_A_TIME) {
      const count = Math.min(AT_A_TIME, EVENTS - sent);
      const made = await Promise.all(Array.from({ length: count }, (_, at) => register(`partner ${sent + at}`)));
      last = Math.max(last, ...made.map(({ position }) => position));
      const note = await api.get('/log/checkpoint', { key: null });
      if (note.status === 200) seen.set(Number(note.text.split('\n')[1]), note.text);
    }
    await until(
      () => textOf('/log/checkpoint/witnessed'),
      (note) => Number(note.split('\n')[1]) >= last,
    );
  }, MS_MAX);
  afterAll(async () => {
    await api.stop();
    await Promise.all(witnesses.map((witness) => witness.end()));
  });

  it(
    'holds in every bundle, tile, checkpoint, cosignature and receipt',
    async () => {
      const checkpoint = await reader.checkpoint('checkpoint/witnessed');
      expect(checkpoint.size).toBeGreaterThanOrEqual(EVENTS);
      expect([...checkpoint.signers].sort()).toEqual(vkeys.map((vkey) => vkey.split('+', 1)[0]).sort());
      const entries = await reader.entries(checkpoint.size);
      const leaves = entries.map(hashOfEntry);
      const tree = new HashTree(leaves);
      expect(tree.rootAt(leaves.length)).toEqual(checkpoint.root);
      const perLevel = [leaves.length, Math.floor(leaves.length / 256), Math.floor(leaves.length / 65_536)];
      expect(await reader.checkTiles(leaves)).toBe(perLevel.reduce((sum, nodes) => sum + Math.ceil(nodes / 256), 0));

      // Every checkpoint that was read belongs to the same history, and its tiles are still served.
      for (const note of seen.values()) {
        const { size, root } = readCheckpoint(note, vkeys);
        expect(tree.rootAt(size)).toEqual(root);
      }
      const sizes = [...seen.keys()].filter((size) => size % 256 !== 0);
      for (const size of sizes.filter((_, at) => at % Math.ceil(sizes.length / EARLIER_MAX) === 0)) {
        await reader.checkTiles(leaves.slice(0, size));
        const then = await reader.entries(size);
        // One text each: to compare the entries one by one would block the service for minutes.
        expect([then.length, Buffer.concat(then).equals(Buffer.concat(entries.slice(0, size)))]).toEqual([size, true]);
      }

      const step = entries.length / RECEIPTS;
      for (let number = 0; number < RECEIPTS; number += 1) {
        const index = Math.floor(number * step);
        const entry = entries[index] ?? Buffer.alloc(0);
        const event = JSON.parse(entry.toString()) as { id: string };
        const receipt = await textOf(`/v1/events/${event.id}/proof`);
        expect(receipt).toContain(`\nindex ${index}\n`);
        const { size, root, signers } = checkProof(receipt, entry, vkeys);
        expect(root).toEqual(tree.rootAt(size));
        expect(signers).toHaveLength(3);
        expect(() => checkProof(receipt, Buffer.concat([entry, Buffer.of(1)]), vkeys)).toThrow('root');
      }
      if (process.env['READER_EVENTS'] !== undefined) {
        process.stdout.write(`${entries.length} entries, ${reader.reads} reads, ${seen.size} checkpoints\n`);
      }
    },
    MS_MAX,
  );
});
