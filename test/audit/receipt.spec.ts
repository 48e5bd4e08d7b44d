import { NotCheckable, ProvenWrong } from '../../src/audit/audit-finding.js';
import { checkReceipt, type CheckedReceipt, type ReceiptInput } from '../../src/audit/receipt.js';
import { canonicalize } from '../../src/ledger/canonical.js';
import { signCheckpoint } from '../../src/tlog/checkpoint.js';
import { cosign } from '../../src/tlog/cosignature.js';
import { proveInclusion } from '../../src/tlog/merkle-proof.js';
import { parseNote, withSignatures } from '../../src/tlog/note.js';
import { cosignerKeyOf, noteKeyOf, parseVerifierKey, signingKey } from '../../src/tlog/note-key.js';
import { thresholdPolicy } from '../../src/tlog/policy.js';
import { formatProof, PROOF_BYTES_MAX } from '../../src/tlog/proof.js';
import { formatTilePath } from '../../src/tlog/tile.js';
import { tileReader } from '../../src/tlog/tile-reader.js';
import { flipBit, SmallLog } from '../tlog/small-log.js';
import { LOG_ENTRIES, LOG_VKEY, vectorBytes, vectorText } from '../tlog/vectors.js';

const logKey = signingKey('ledger.example.eu/log', new Uint8Array(32).fill(1));
const key = noteKeyOf(logKey);
const witness = signingKey('witness.example.eu', new Uint8Array(32).fill(2));
const POLICY = thresholdPolicy({ key }, [{ name: 'w1', key: cosignerKeyOf(witness) }], 1);
const COSIGNED_AT_SECONDS = 1_900_000_000;
const SIZE = 21;
const INDEX = 11;

const envelopeOf = (index: number): object => ({
  v: 1,
  id: `0b7e5c1a-3f52-8c8e-9a41-${String(index).padStart(12, '0')}`,
  stream: `partner-${index}`,
  revision: 0,
  type: 'partner-registered',
  schema: 1,
  recordedAt: '2026-03-01T09:30:00Z',
  actor: { id: 'programme', role: 'operator' },
  commandId: 'c',
  correlationId: 'c',
  data: { legalName: `Université ${index}`, chipHours: 1.5 },
});
const entryOf = (index: number): Buffer => Buffer.from(canonicalize(envelopeOf(index)));
const jsonOf = (value: object): Buffer => Buffer.from(JSON.stringify(value, null, 2));

async function receiptOf(index: number, ...cosigners: readonly (typeof witness)[]): Promise<Buffer> {
  const log = new SmallLog().append(Array.from({ length: SIZE }, (_, at) => entryOf(at)));
  const signed = parseNote(signCheckpoint({ origin: logKey.name, size: SIZE, root: log.builder.root() }, logKey));
  const hashes = await proveInclusion(index, SIZE, tileReader(SIZE, log.source));
  const cosignatures = cosigners.map((cosigner) => cosign(cosigner, signed.text, COSIGNED_AT_SECONDS));
  return Buffer.from(formatProof({ index, hashes, checkpoint: withSignatures(signed, cosignatures) }));
}

/** `wrong` and `unchecked` with the message of the error, as the command line tells them apart by its exit code. */
function outcome(input: ReceiptInput): { readonly verdict: string; readonly message?: string } {
  try {
    return checkReceipt(input);
  } catch (error) {
    if (error instanceof ProvenWrong) return { verdict: 'wrong', message: error.message };
    if (error instanceof NotCheckable) return { verdict: 'unchecked', message: error.message };
    throw error;
  }
}

describe('the check of a receipt', () => {
  let receipt: Buffer;
  let cosigned: Buffer;
  beforeAll(async () => {
    receipt = await receiptOf(INDEX);
    cosigned = await receiptOf(INDEX, witness);
  });
  const event = entryOf(INDEX);
  const against = (change: Partial<ReceiptInput>) => outcome({ receipt, event, key, ...change });
  const checksOf = ({ checked, notChecked }: Pick<CheckedReceipt, 'checked' | 'notChecked'>) => [
    checked.map(({ check }) => check),
    notChecked.map(({ check }) => check),
  ];

  it.each([
    ['the entry of the log', entryOf(INDEX)],
    ['the entry with a newline behind it', Buffer.concat([entryOf(INDEX), Buffer.from('\n')])],
    ['the entry with the newline of Windows behind it', Buffer.concat([entryOf(INDEX), Buffer.from('\r\n')])],
    ['indented JSON with other order of members', jsonOf({ data: {}, ...envelopeOf(INDEX) })],
    ['JSON behind a byte order mark', Buffer.concat([Buffer.from('\ufeff'), jsonOf(envelopeOf(INDEX))])],
    ['an element of a page of events', jsonOf({ ...envelopeOf(INDEX), position: INDEX + 1 })],
    [
      'the answer for a single event, with what the API adds',
      jsonOf({ ...envelopeOf(INDEX), position: INDEX + 1, content: { text: 'x' }, log: { state: 'witnessed' } }),
    ],
  ])('accepts the event as %s', (_what, kept) => {
    expect(against({ event: kept })).toMatchObject({
      verdict: 'verified',
      origin: key.name,
      position: INDEX + 1,
      size: SIZE,
      entry: String(entryOf(INDEX)),
    });
  });

  it('reports which checks were made and which were not', () => {
    const added = jsonOf({ ...envelopeOf(INDEX), content: { text: 'x' } });
    expect(checksOf(checkReceipt({ receipt: cosigned, event: added, key }))).toEqual([
      ['signature', 'inclusion'],
      ['cosignatures', 'further signatures', 'added by the API', 'later history', 'rules'],
    ]);
    const { checked, notChecked } = checkReceipt({ receipt: cosigned, event, policy: POLICY });
    expect(checksOf({ checked, notChecked })).toEqual([
      ['signature', 'inclusion', 'cosignatures'],
      ['later history', 'rules'],
    ]);
    expect(checked.at(-1)?.what).toContain('w1 (2030-03-17T17:46:40.000Z)');
  });

  it('does not verify a receipt with any bit flipped, and accuses only where the event and the path contradict what was signed', () => {
    const text = String(receipt);
    const [index, checkpoint] = [text.indexOf('index'), text.indexOf('\n\n')];
    const verdicts = new Map<string, number>();
    for (let bit = 0; bit < receipt.length * 8; bit += 1) {
      const { verdict } = against({ receipt: flipBit(receipt, bit) });
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      // Before the index and from the checkpoint on, a flipped bit damages the format or the signature.
      if (bit < index * 8 || bit >= checkpoint * 8) expect(verdict).toBe('unchecked');
    }
    expect([...verdicts.keys()].sort()).toEqual(['unchecked', 'wrong']);
  });

  it('cannot check a receipt that was cut off anywhere', () => {
    for (let length = 0; length < receipt.length - 1; length += 1) {
      expect(against({ receipt: receipt.subarray(0, length) }).verdict).toBe('unchecked');
    }
  });

  it.each([
    ['no newline at its end', (text: string) => text.trimEnd()],
    ['the ends of lines of Windows', (text: string) => text.replaceAll('\n', '\r\n')],
    ['a byte order mark', (text: string) => `\ufeff${text}`],
  ])('accepts a receipt that was kept with %s', (_what, kept) => {
    expect(against({ receipt: Buffer.from(kept(String(receipt))) }).verdict).toBe('verified');
  });

  it('does not verify an event with any bit flipped', () => {
    for (let bit = 0; bit < event.length * 8; bit += 1) {
      expect(against({ event: flipBit(event, bit) }).verdict).not.toBe('verified');
    }
  });

  it('cannot check an event that was cut off anywhere', () => {
    for (let length = 0; length < event.length; length += 1) {
      expect(against({ event: event.subarray(0, length) }).verdict).toBe('unchecked');
    }
  });

  it.each([
    ['another event, as the log has it', 'wrong', entryOf(INDEX + 1)],
    ['an event with another amount', 'wrong', jsonOf({ ...envelopeOf(INDEX), data: { chipHours: 15 } })],
    ['an event with a member that the log does not have', 'wrong', jsonOf({ ...envelopeOf(INDEX), note: 'x' })],
    ['another event that states its position', 'unchecked', jsonOf({ ...envelopeOf(INDEX + 1), position: INDEX + 2 })],
    ['the event with the position of another', 'unchecked', jsonOf({ ...envelopeOf(INDEX), position: INDEX + 2 })],
    ['a page of events', 'unchecked', jsonOf({ data: [envelopeOf(INDEX)], next: null })],
    ['a JSON document of another kind', 'unchecked', jsonOf({ id: 'x' })],
    ['a number that JSON cannot carry', 'unchecked', Buffer.from(String(event).replace('1.5', '1e999'))],
    ['nothing', 'unchecked', Buffer.alloc(0)],
    ['bytes that are no text', 'unchecked', Buffer.from([0xff, 0xfe, 0x00, 0x80])],
  ])('does not verify %s: %s', (_what, verdict, other) => {
    expect(against({ event: other })).toMatchObject({ verdict, message: expect.stringMatching(/./) });
  });

  it.each([
    ['a hash less', (text: string) => text.replace(/\n[A-Za-z0-9+/]{43}=\n/, '\n')],
    ['an index outside the tree', (text: string) => text.replace(`index ${INDEX}`, `index ${SIZE}`)],
    ['more bytes than any receipt', (text: string) => text.padStart(PROOF_BYTES_MAX + 1)],
    ['no signature of the log', (text: string) => text.slice(0, text.lastIndexOf('\n—') + 1)],
  ])('cannot check a receipt with %s', (_what, damaged) => {
    expect(against({ receipt: Buffer.from(damaged(String(receipt))) }).verdict).toBe('unchecked');
  });

  it('cannot check a receipt with the key of another log, or another key of the same name', () => {
    for (const name of [logKey.name, 'other.example.eu/log']) {
      const other = noteKeyOf(signingKey(name, new Uint8Array(32).fill(3)));
      expect(against({ key: other }).verdict).toBe('unchecked');
    }
  });

  it('cannot check a receipt without the cosignatures that a policy requires', () => {
    expect(against({ policy: POLICY })).toMatchObject({
      verdict: 'unchecked',
      message: expect.stringContaining('quorum'),
    });
    expect(against({ receipt: cosigned, policy: POLICY }).verdict).toBe('verified');
  });

  it('cannot check a receipt with a cosignature that does not fit the checkpoint', () => {
    const lines = String(cosigned).split('\n');
    const line = lines.at(-2) ?? '';
    const at = line.length - 20;
    lines[lines.length - 2] = `${line.slice(0, at)}${line[at] === 'A' ? 'B' : 'A'}${line.slice(at + 1)}`;
    expect(against({ receipt: Buffer.from(lines.join('\n')), policy: POLICY }).verdict).toBe('unchecked');
  });

  it('cannot use a policy that does not list the log of the key', () => {
    const other = noteKeyOf(signingKey('other.example.eu/log', new Uint8Array(32).fill(3)));
    expect(against({ policy: thresholdPolicy({ key: other }, [], 0) })).toMatchObject({
      verdict: 'unchecked',
      message: expect.stringContaining('does not list the log'),
    });
  });

  it('accepts the entries of a log of another program, which are not JSON', async () => {
    const size = LOG_ENTRIES.length;
    const tiles = tileReader(size, (tile) => Promise.resolve(vectorBytes(`tessera-log/${formatTilePath(tile)}`)));
    const checkpoint = parseNote(vectorText('tessera-log/checkpoint'));
    const foreign = { key: parseVerifierKey(LOG_VKEY) };
    for (const [index, entry] of LOG_ENTRIES.entries()) {
      const proof = formatProof({ index, hashes: await proveInclusion(index, size, tiles), checkpoint });
      const input = { ...foreign, receipt: Buffer.from(proof) };
      expect(outcome({ ...input, event: entry })).toMatchObject({ verdict: 'verified', position: index + 1 });
      expect(outcome({ ...input, event: Buffer.from('sixteen') }).verdict).toBe('unchecked');
    }
  });
});
