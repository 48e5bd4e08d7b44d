import { createHash, createPublicKey, verify } from 'node:crypto';

// A reader of transparency logs, written from the specifications of C2SP (signed-note, tlog-checkpoint, tlog-tiles,
// tlog-cosignature, tlog-proof) and RFC 9162 alone. It imports nothing of this project on purpose: a fault in a shared file would be
// on both sides, and no comparison would show it. It throws at the first check that fails.

const WIDTH = 256;
const NOTHING = Buffer.alloc(0);
/** The server may close an idle connection at the moment at which it is used again. */
const ATTEMPTS_MAX = 3;

export interface ReadCheckpoint {
  readonly text: string;
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** Names of the keys whose signatures are valid, the key of the log first. */
  readonly signers: readonly string[];
}

interface Key {
  readonly name: string;
  /** Hex of four bytes. */
  readonly id: string;
  /** 1: signature of the log; 4: cosignature with a time. */
  readonly type: number;
  readonly publicKey: Buffer;
}

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
export const hashOfEntry = (entry: Uint8Array): Buffer => sha256(Buffer.of(0), entry);
const hashOfNode = (left: Buffer, right: Buffer): Buffer => sha256(Buffer.of(1), left, right);

function insist(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** `<name>+<hex id>+<base64 of type and key>`, signed-note. */
function readKey(vkey: string): Key {
  const [name = '', id = '', ...rest] = vkey.split('+');
  const bytes = Buffer.from(rest.join('+'), 'base64');
  const computed = sha256(Buffer.from(`${name}\n`), bytes)
    .subarray(0, 4)
    .toString('hex');
  insist(bytes.length === 33 && computed === id, `${vkey} is no key of 32 bytes, or has another id than ${computed}.`);
  return { name, id, type: bytes[0] ?? 0, publicKey: bytes.subarray(1) };
}

function isSigned({ publicKey }: Key, message: Uint8Array, signature: Uint8Array): boolean {
  const x = publicKey.toString('base64url');
  return verify(null, message, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }), signature);
}

/** Reads a note with the keys that the reader knows. The first key is the key of the log, which must have signed the note. */
export function readCheckpoint(note: string, vkeys: readonly string[]): ReadCheckpoint {
  const end = note.lastIndexOf('\n\n') + 1;
  const text = note.slice(0, end);
  const lines = note.slice(end + 1).split('\n');
  insist(end > 0 && lines.pop() === '', 'It is no signed note.');
  const keys = vkeys.map(readKey);
  const signers = new Set<string>();
  for (const line of lines) {
    const [, name = '', signature = ''] = /^\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
    const bytes = Buffer.from(signature, 'base64');
    insist(name !== '' && bytes.length > 4, `This is no signature line: ${line}`);
    const key = keys.find((one) => one.name === name && one.id === bytes.subarray(0, 4).toString('hex'));
    if (key === undefined) continue;
    insist(holds(key, text, bytes.subarray(4)), `The signature of ${name} does not hold.`);
    signers.add(name);
  }
  const [origin = '', size = '', root = '', ...rest] = text.split('\n');
  insist(/^(0|[1-9][0-9]*)$/.test(size) && rest.join('') === '', 'The text of the note is no checkpoint.');
  insist(keys[0]?.name === origin && signers.has(origin), `The log ${origin} has not signed it.`);
  const rootBytes = Buffer.from(root, 'base64');
  insist(rootBytes.length === 32 && rootBytes.toString('base64') === root, 'The root is not of 32 bytes.');
  return { text, origin, size: Number(size), root: rootBytes, signers: [...signers] };
}

function holds(key: Key, text: string, signature: Buffer): boolean {
  if (key.type === 1) return isSigned(key, Buffer.from(text), signature);
  insist(key.type === 4 && signature.length === 72, 'It is no cosignature/v1.');
  return isSigned(
    key,
    Buffer.from(`cosignature/v1\ntime ${signature.readBigUInt64BE(0)}\n${text}`),
    signature.subarray(8),
  );
}

/** `x001/x234/067` for 1234067. */
function numberInPath(number: number): string {
  const groups = String(number)
    .padStart(Math.ceil(String(number).length / 3) * 3, '0')
    .match(/\d{3}/g);
  return (groups ?? []).map((group, at, all) => (at < all.length - 1 ? `x${group}` : group)).join('/');
}

/** A log at its address, e.g. `https://ledger.example.eu/log`. */
export class IndependentReader {
  /** Number of requests made. */
  reads = 0;

  constructor(
    private readonly prefix: string,
    /** The key of the log first, then the keys of witnesses. */
    private readonly vkeys: readonly string[],
  ) {}

  async checkpoint(name: 'checkpoint' | 'checkpoint/witnessed' = 'checkpoint'): Promise<ReadCheckpoint> {
    const { bytes, headers } = await this.get(name);
    insist(headers.get('content-type') === 'text/plain; charset=utf-8', 'A checkpoint is plain text in UTF-8.');
    return readCheckpoint(bytes.toString(), this.vkeys);
  }

  /** Every entry of a log of this size, from the bundles that exist at this size. */
  async entries(size: number): Promise<Buffer[]> {
    const bundles = await this.each(Math.ceil(size / WIDTH), (index) =>
      this.tile('entries', index, Math.min(WIDTH, size - index * WIDTH)),
    );
    return bundles.flatMap((bundle, index) => {
      const entries: Buffer[] = [];
      for (let at = 0; at < bundle.length;) {
        const end = at + 2 + bundle.readUInt16BE(at);
        insist(end <= bundle.length, `Bundle ${index} ends within an entry.`);
        entries.push(bundle.subarray(at + 2, end));
        at = end;
      }
      insist(
        entries.length === Math.min(WIDTH, size - index * WIDTH),
        `Bundle ${index} has ${entries.length} entries.`,
      );
      return entries;
    });
  }

  /** Compares every tile of a log of this size, on every level, with the hashes of its entries. @returns the number of tiles. */
  async checkTiles(leaves: readonly Buffer[]): Promise<number> {
    let nodes = leaves;
    let tiles = 0;
    for (let level = 0; nodes.length > 0; level += 1) {
      const below = nodes;
      tiles += (
        await this.each(Math.ceil(below.length / WIDTH), async (index) => {
          const expected = Buffer.concat(below.slice(index * WIDTH, (index + 1) * WIDTH));
          const found = await this.tile(String(level), index, expected.length / 32);
          insist(found.equals(expected), `Tile ${index} of level ${level} has other hashes than its entries.`);
        })
      ).length;
      // Only full tiles feed the level above.
      nodes = Array.from({ length: Math.floor(below.length / WIDTH) }, (_, index) =>
        new HashTree(below.slice(index * WIDTH, (index + 1) * WIDTH)).rootAt(WIDTH),
      );
    }
    return tiles;
  }

  private async tile(level: string, index: number, width: number): Promise<Buffer> {
    const path = `tile/${level}/${numberInPath(index)}${width < WIDTH ? `.p/${width}` : ''}`;
    const { bytes, headers } = await this.get(path);
    insist(headers.get('content-type') === 'application/octet-stream', `${path} is not of the right type.`);
    insist(/immutable/.test(headers.get('cache-control') ?? ''), `${path} is not said to be immutable.`);
    insist(/^"[^"]+"$/.test(headers.get('etag') ?? ''), `${path} has no strong ETag.`);
    return bytes;
  }

  private async get(path: string): Promise<{ bytes: Buffer; headers: Headers }> {
    for (let attempt = 1; ; attempt += 1) {
      this.reads += 1;
      try {
        const response = await fetch(`${this.prefix}/${path}`);
        insist(response.status === 200, `${path}: ${response.status}`);
        return { bytes: Buffer.from(await response.arrayBuffer()), headers: response.headers };
      } catch (error) {
        if (!(error instanceof TypeError) || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  }

  /** Runs some reads concurrently. */
  private async each<Result>(count: number, read: (index: number) => Promise<Result>): Promise<Result[]> {
    const results: Result[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < count; index = next++) results[index] = await read(index);
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    return results;
  }
}

/** MTH of RFC 9162 2.1.1, by its definition. It keeps the hashes of complete subtrees, so that the root at every size is cheap. */
export class HashTree {
  /** On level k the hashes over 2^k leaves each. */
  private readonly levels: Buffer[][];

  constructor(leaves: readonly Buffer[]) {
    this.levels = [[...leaves]];
    for (let below = [...leaves]; below.length > 1; this.levels.push(below)) {
      below = Array.from({ length: Math.floor(below.length / 2) }, (_, at) =>
        hashOfNode(below[2 * at] ?? NOTHING, below[2 * at + 1] ?? NOTHING),
      );
    }
  }

  rootAt(size: number): Buffer {
    return size === 0 ? sha256() : this.over(0, size);
  }

  private over(start: number, count: number): Buffer {
    let [split, level] = [1, 0];
    while (split * 2 <= count) [split, level] = [split * 2, level + 1];
    const left = this.levels[level]?.[start / split] ?? NOTHING;
    return split === count ? left : hashOfNode(left, this.over(start + split, count - split));
  }
}

/** Checks that a `.tlog-proof` is valid for an entry: signatures, and the path of RFC 9162 2.1.3.2. @returns its checkpoint. */
export function checkProof(proof: string, entry: Uint8Array, vkeys: readonly string[]): ReadCheckpoint {
  const end = proof.indexOf('\n\n');
  const [header, indexLine = '', ...hashLines] = proof.slice(0, end).split('\n');
  insist(end > 0 && header === 'c2sp.org/tlog-proof@v1', 'It is no tlog-proof.');
  const checkpoint = readCheckpoint(proof.slice(end + 2), vkeys);
  const index = Number(/^index (0|[1-9][0-9]*)$/.exec(indexLine)?.[1]);
  insist(index < checkpoint.size, 'The checkpoint does not cover the entry.');
  let node = hashOfEntry(entry);
  let [number, last] = [index, checkpoint.size - 1];
  for (const line of hashLines) {
    const hash = Buffer.from(line, 'base64');
    insist(last > 0 && hash.length === 32, 'The proof has a hash too many, or one that is none.');
    if (number % 2 === 1 || number === last) {
      node = hashOfNode(hash, node);
      while (number % 2 === 0 && number !== 0) [number, last] = [Math.floor(number / 2), Math.floor(last / 2)];
    } else node = hashOfNode(node, hash);
    [number, last] = [Math.floor(number / 2), Math.floor(last / 2)];
  }
  insist(last === 0 && node.equals(checkpoint.root), 'The proof does not lead to the root.');
  return checkpoint;
}
