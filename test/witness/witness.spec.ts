import fc from 'fast-check';
import {
  ADD_CHECKPOINT_BYTES_MAX,
  acceptCosignatures,
  formatAddCheckpoint,
  parseAddCheckpoint,
} from '../../src/tlog/add-checkpoint.js';
import { openCheckpoint, signCheckpoint, type TreeHead } from '../../src/tlog/checkpoint.js';
import { proveConsistency } from '../../src/tlog/merkle-proof.js';
import { formatNote, parseNote, signText, withSignatures } from '../../src/tlog/note.js';
import { cosignerKeyOf, noteKeyOf, type SigningKey, signingKey } from '../../src/tlog/note-key.js';
import { tileReader } from '../../src/tlog/tile-reader.js';
import {
  addCheckpoint,
  type Witness,
  type WitnessDecision,
  type WitnessedCheckpoint,
  type WitnessedHead,
  type WitnessStore,
} from '../../src/witness/witness.js';
import { EMPTY_ROOT, leafHash } from '../../src/tlog/merkle.js';
import { refused } from '../tlog/refused.js';
import { entriesOf, flipBit, SmallLog } from '../tlog/small-log.js';

const logKey = signingKey('ledger.example.eu/log', new Uint8Array(32).fill(1));
const witnessKey = signingKey('witness.example.eu', new Uint8Array(32).fill(2));
const NOW_SECONDS = 1_900_000_000;

class MemoryStore implements WitnessStore {
  readonly stored = new Map<string, WitnessedCheckpoint>();
  /** Called between reading and storing, when another request may be stored. */
  between: () => void = () => {};

  latest(origin: string): Promise<WitnessedHead | undefined> {
    return Promise.resolve(this.stored.get(origin));
  }

  advance(origin: string, from: TreeHead | undefined, next: WitnessedCheckpoint): Promise<boolean> {
    this.between();
    if (this.stored.get(origin) !== from) return Promise.resolve(false);
    this.stored.set(origin, next);
    return Promise.resolve(true);
  }
}

interface Sent {
  readonly oldSize: number;
  readonly size: number;
  readonly proofFrom?: number;
  readonly log?: SmallLog;
  readonly key?: SigningKey;
}

/** A log of 40 entries, with its root and proofs at every size, and a witness that has cosigned nothing yet. */
function setUp(): {
  witness: Witness;
  store: MemoryStore;
  decisions: WitnessDecision[];
  body: (sent: Sent) => Promise<string>;
  send: (body: string | Uint8Array, nowSeconds?: number) => ReturnType<typeof addCheckpoint>;
} {
  const store = new MemoryStore();
  const decisions: WitnessDecision[] = [];
  const witness = { key: witnessKey, logs: new Map([[logKey.name, [noteKeyOf(logKey)]]]), store };
  return {
    witness,
    store,
    decisions,
    body: async ({ oldSize, size, proofFrom = oldSize, key = logKey, log = logOf(size) }) => {
      const note = parseNote(signCheckpoint({ origin: key.name, size, root: log.builder.root() }, key));
      const proof = await proveConsistency(proofFrom, size, tileReader(size, log.source));
      return formatAddCheckpoint({ oldSize, proof, note });
    },
    send: (body, nowSeconds = NOW_SECONDS) =>
      addCheckpoint(body, witness, nowSeconds, (decision) => decisions.push(decision)),
  };
}

const logOf = (size: number): SmallLog => new SmallLog().append(entriesOf(size));
/** A log with the same key that differs from `logOf` in its first entry. */
const forkOf = (size: number): SmallLog => new SmallLog().append([Buffer.from('fork'), ...entriesOf(size).slice(1)]);

describe('witness', () => {
  it('cosigns the first checkpoint and every consistent one after it', async () => {
    const { body, send, store } = setUp();
    for (const [oldSize, size] of [
      [0, 3],
      [3, 3],
      [3, 8],
      [8, 21],
      [21, 40],
    ] as const) {
      const sent = await body({ oldSize, size });
      const { status, body: line } = await send(sent);
      expect(status).toBe(200);
      const { note } = parseAddCheckpoint(sent);
      const cosigned = withSignatures(note, acceptCosignatures(note, line, [cosignerKeyOf(witnessKey)]));
      const keys = [noteKeyOf(logKey), cosignerKeyOf(witnessKey)];
      expect(openCheckpoint(cosigned, logKey.name, keys).note.verified[1]?.timestampSeconds).toBe(NOW_SECONDS);
      expect(store.stored.get(logKey.name)).toMatchObject({ size, note: formatNote(cosigned) });
    }
  });

  it('cosigns an empty log and then its first entries', async () => {
    const { body, send } = setUp();
    expect((await send(await body({ oldSize: 0, size: 0 }))).status).toBe(200);
    expect((await send(await body({ oldSize: 0, size: 0 }))).status).toBe(200);
    expect((await send(await body({ oldSize: 0, size: 5 }))).status).toBe(200);
  });

  it('answers 400 to an old size above the size and to a malformed request', async () => {
    const { body, send, decisions } = setUp();
    expect((await send((await body({ oldSize: 0, size: 3 })).replace('old 0', 'old 4'))).status).toBe(400);
    const good = await body({ oldSize: 0, size: 3 });
    for (const bad of [
      '',
      good.replace('old 0', 'old 00'),
      good.replace('old 0', 'old -1'),
      good.replace('old 0', 'OLD 0'),
      good.replace('old 0\n', 'old 0\nAAAA\n'),
      good.replace('old 0\n', `old 0\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(64)}`),
      good.replace('\n\n', '\n'),
      good.slice(0, -1),
      good.replace('\n3\n', '\n03\n'),
      Buffer.from([0xff]),
      'x'.repeat(ADD_CHECKPOINT_BYTES_MAX + 1),
    ]) {
      expect((await send(bad)).status).toBe(400);
    }
    expect(decisions.every(({ status }) => status === 400)).toBe(true);
  });

  it('answers 404 to an unknown origin before it checks signatures', async () => {
    const { body, send } = setUp();
    const stranger = signingKey('stranger.example/log', new Uint8Array(32).fill(3));
    expect((await send(await body({ oldSize: 0, size: 3, key: stranger }))).status).toBe(404);
  });

  it('answers 403 to a checkpoint that the log did not sign', async () => {
    const { body, send } = setUp();
    const impostor = signingKey(logKey.name, new Uint8Array(32).fill(4));
    expect((await send(await body({ oldSize: 0, size: 3, key: impostor }))).status).toBe(403);
    const { note } = parseAddCheckpoint(await body({ oldSize: 0, size: 3 }));
    const forged = { text: note.text, signatures: [{ ...signText(logKey, note.text), bytes: new Uint8Array(64) }] };
    expect((await send(formatAddCheckpoint({ oldSize: 0, proof: [], note: forged }))).status).toBe(403);
  });

  it('answers 409 with its own size to any other old size', async () => {
    const { body, send, store } = setUp();
    expect(await send(await body({ oldSize: 2, size: 3 }))).toMatchObject({ status: 409, body: '0\n' });
    await send(await body({ oldSize: 0, size: 8 }));
    for (const oldSize of [0, 7, 9]) {
      expect(await send(await body({ oldSize, size: 21 }))).toEqual({
        status: 409,
        contentType: 'text/x.tlog.size',
        body: '8\n',
      });
    }
    expect(store.stored.get(logKey.name)?.size).toBe(8);
  });

  it('answers 422 to a wrong proof, to a proof that is not needed, and to a missing proof', async () => {
    const { body, send, store } = setUp();
    const withProof = (await body({ oldSize: 3, size: 8 })).replace('old 3', 'old 0');
    expect((await send(withProof)).status).toBe(422);
    await send(await body({ oldSize: 0, size: 8 }));
    expect((await send(await body({ oldSize: 8, size: 21, proofFrom: 7 }))).status).toBe(422);
    expect((await send(await body({ oldSize: 8, size: 21, proofFrom: 0 }))).status).toBe(422);
    expect((await send(await body({ oldSize: 8, size: 8, proofFrom: 7 }))).status).toBe(422);
    expect((await send(await body({ oldSize: 8, size: 21, log: forkOf(21) }))).status).toBe(422);
    expect(store.stored.get(logKey.name)?.size).toBe(8);
  });

  it('answers 422 to another root of the same size and reports both as proof of a fork', async () => {
    const { body, send, decisions } = setUp();
    await send(await body({ oldSize: 0, size: 8 }));
    expect((await send(await body({ oldSize: 8, size: 8, log: forkOf(8) }))).status).toBe(422);
    expect(decisions.at(-1)).toMatchObject({
      status: 422,
      fork: {
        kind: 'two-roots',
        stored: { size: 8, root: logOf(8).builder.root() },
        submitted: { size: 8, root: forkOf(8).builder.root() },
      },
    });
  });

  it('reports a larger tree with another prefix as proof of a fork, and a wrong proof as nothing', async () => {
    const { body, send, decisions } = setUp();
    await send(await body({ oldSize: 0, size: 7 }));
    expect((await send(await body({ oldSize: 7, size: 21, log: forkOf(21) }))).status).toBe(422);
    expect(decisions.at(-1)).toMatchObject({
      status: 422,
      fork: { kind: 'two-prefixes', stored: { size: 7 }, submitted: { size: 21, root: forkOf(21).builder.root() } },
    });
    // What a stranger can do with the public checkpoint: another proof, a part of it, any hash in it changed, the proof of the fork.
    const right = await body({ oldSize: 7, size: 21 });
    const lines = right.split('\n');
    const count = lines.indexOf('') - 1;
    const other = (await body({ oldSize: 7, size: 21, log: forkOf(21) })).split('\n').slice(1, count + 1);
    const bogus = [
      await body({ oldSize: 7, size: 21, proofFrom: 5 }),
      ...Array.from({ length: count }, (_, at) => lines.toSpliced(at + 1, 1).join('\n')),
      ...Array.from({ length: count }, (_, at) =>
        lines.with(at + 1, Buffer.alloc(32, 9).toString('base64')).join('\n'),
      ),
      [lines[0], ...other, ...lines.slice(count + 1)].join('\n'),
    ];
    expect(bogus).not.toContain(right);
    for (const one of bogus) {
      expect((await send(one)).status).toBe(422);
      expect(decisions.at(-1)).not.toHaveProperty('fork');
    }
    expect((await send(right)).status).toBe(200);
  });

  it('never cosigns at an earlier time than before, and goes on when its clock does', async () => {
    const { body, send, store } = setUp();
    await send(await body({ oldSize: 0, size: 8 }), 1_000);
    const late = await send(await body({ oldSize: 8, size: 21 }), 999);
    expect([late.status, late.body]).toEqual([
      503,
      'The clock of this witness (1970-01-01T00:16:39.000Z) is behind its last cosignature (1970-01-01T00:16:40.000Z).\n',
    ]);
    expect(store.stored.get(logKey.name)).toMatchObject({ size: 8, cosignedAt: 1_000 });
    expect((await send(await body({ oldSize: 8, size: 21 }), 1_000)).status).toBe(200);
  });

  it('never goes back when a faster request was stored meanwhile', async () => {
    const { body, send, store, decisions } = setUp();
    await send(await body({ oldSize: 0, size: 8 }));
    const faster = { size: 40, root: logOf(40).builder.root(), note: '', cosignedAt: NOW_SECONDS };
    store.between = () => store.stored.set(logKey.name, faster);
    expect(await send(await body({ oldSize: 8, size: 21 }))).toMatchObject({ status: 409, body: '40\n' });
    expect(store.stored.get(logKey.name)).toBe(faster);
    expect(decisions).toHaveLength(2);
  });

  it('gives up with an error when the store keeps changing', async () => {
    const { body, send, store } = setUp();
    store.between = () =>
      store.stored.set(logKey.name, { size: 0, root: EMPTY_ROOT, note: '', cosignedAt: NOW_SECONDS });
    await expect(send(await body({ oldSize: 0, size: 8 }))).rejects.toThrow(/replaced 5 times/);
  });

  it('does not answer when the store fails', async () => {
    const { body, send, store } = setUp();
    store.between = () => {
      throw new Error('disk full');
    };
    await expect(send(await body({ oldSize: 0, size: 8 }))).rejects.toThrow('disk full');
    expect(store.stored.size).toBe(0);
  });

  it('stores nothing and answers other than 200 for a request with any flipped bit', async () => {
    const { body, send, store } = setUp();
    await send(await body({ oldSize: 0, size: 3 }));
    const bytes = Buffer.from(await body({ oldSize: 3, size: 8 }));
    const before = store.stored.get(logKey.name);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length * 8 - 1 }), async (bit) => {
        expect((await send(flipBit(bytes, bit))).status).not.toBe(200);
        expect(store.stored.get(logKey.name)).toBe(before);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a log that collects cosignatures', () => {
  const note = parseNote(signCheckpoint({ origin: logKey.name, size: 1, root: leafHash(Buffer.from('x')) }, logKey));

  it('refuses an answer of a witness that is not a signature line, or that no known key signed', async () => {
    const { send } = setUp();
    const { body } = await send(formatAddCheckpoint({ oldSize: 0, proof: [], note }));
    expect(() => acceptCosignatures(note, 'hello\n', [cosignerKeyOf(witnessKey)])).toThrow(refused('malformed'));
    expect(() => acceptCosignatures(note, body, [cosignerKeyOf(logKey)])).toThrow(refused('no-trusted-signature'));
    const other = parseNote(signCheckpoint({ origin: logKey.name, size: 0, root: EMPTY_ROOT }, logKey));
    expect(() => acceptCosignatures(other, body, [cosignerKeyOf(witnessKey)])).toThrow(refused('signature-invalid'));
  });
});
