import { signCheckpoint } from '../../src/tlog/checkpoint.js';
import { cosign } from '../../src/tlog/cosignature.js';
import { leafHash } from '../../src/tlog/merkle.js';
import { parseNote, type SignedNote, withSignatures } from '../../src/tlog/note.js';
import { cosignerKeyOf, formatVerifierKey, noteKeyOf, type SigningKey, signingKey } from '../../src/tlog/note-key.js';
import { formatPolicy, isQuorum, openWithPolicy, parsePolicy, thresholdPolicy } from '../../src/tlog/policy.js';
import { refused } from './refused.js';

const keyOf = (name: string, byte: number): SigningKey => signingKey(name, new Uint8Array(32).fill(byte));
const log = keyOf('ledger.example.eu/log', 100);
const witnesses = ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'].map((name, at) => ({
  name,
  key: keyOf(`w.example/${name}`, at),
}));
const LOG_LINE = `log ${formatVerifierKey(noteKeyOf(log))}`;
const WITNESS_LINES = witnesses.map(({ name, key }) => `witness ${name} ${formatVerifierKey(cosignerKeyOf(key))}`);

const TWO_LEVELS = `${LOG_LINE}
${WITNESS_LINES.join('\n')}

  # two organisations
group\tX-witnesses  2 X1 X2 X3
group Y-witnesses any Y1 Y2 Y3
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`;

const checkpoint = parseNote(signCheckpoint({ origin: log.name, size: 1, root: leafHash(Buffer.from('one')) }, log));
const cosignedBy = (...names: string[]): SignedNote =>
  withSignatures(
    checkpoint,
    witnesses.filter(({ name }) => names.includes(name)).map(({ key }, at) => cosign(key, checkpoint.text, 1_000 + at)),
  );

describe('policies of witnesses', () => {
  it('with two levels of groups are read, and written with the same meaning', () => {
    const policy = parsePolicy(TWO_LEVELS);
    expect(policy.groups).toEqual([
      { name: 'X-witnesses', threshold: 2, members: ['X1', 'X2', 'X3'] },
      { name: 'Y-witnesses', threshold: 1, members: ['Y1', 'Y2', 'Y3'] },
      { name: 'X-and-Y', threshold: 2, members: ['X-witnesses', 'Y-witnesses'] },
    ]);
    expect(parsePolicy(Buffer.from(formatPolicy(policy)))).toEqual(policy);
  });

  it.each([
    [['X1', 'X2', 'Y1'], true],
    [['X1', 'X3', 'Y2', 'Y3'], true],
    [['X1', 'Y1', 'Y2', 'Y3'], false],
    [['X1', 'X2', 'X3'], false],
    [[], false],
  ])('decide whether the cosignatures of %j are a quorum of both groups: %s', (names, met) => {
    const policy = parsePolicy(TWO_LEVELS);
    expect(isQuorum(policy, new Set(names))).toBe(met);
    if (met) expect(openWithPolicy(cosignedBy(...names), policy).cosigners.map(({ name }) => name)).toEqual(names);
    else expect(() => openWithPolicy(cosignedBy(...names), policy)).toThrow(refused('quorum-missing'));
  });

  it('accept k of n cosignatures and refuse k - 1', () => {
    const three = witnesses
      .slice(0, 3)
      .map(({ name, key }) => ({ name, key: cosignerKeyOf(key), url: `https://${name}` }));
    const policy = thresholdPolicy({ key: noteKeyOf(log), url: 'https://ledger.example.eu/log' }, three, 2);
    expect(parsePolicy(formatPolicy(policy))).toEqual(policy);
    expect(() => openWithPolicy(cosignedBy('X1'), policy)).toThrow(refused('quorum-missing'));
    expect(openWithPolicy(cosignedBy('X1', 'X3'), policy).cosigners).toEqual([
      { name: 'X1', timestampSeconds: 1_000 },
      { name: 'X3', timestampSeconds: 1_001 },
    ]);
    const none = thresholdPolicy({ key: noteKeyOf(log) }, three, 0);
    expect(openWithPolicy(checkpoint, none).cosigners).toEqual([]);
    expect(parsePolicy(formatPolicy(none))).toEqual(none);
    expect(() => formatPolicy(thresholdPolicy({ key: noteKeyOf(log) }, three, 4))).toThrow(refused('malformed'));
  });

  it('refuse a checkpoint that only witnesses have signed, or of a log that is not listed', () => {
    const policy = parsePolicy(TWO_LEVELS);
    const unsigned = { text: checkpoint.text, signatures: cosignedBy('X1', 'X2', 'Y1').signatures.slice(1) };
    expect(() => openWithPolicy(unsigned, policy)).toThrow(refused('no-trusted-signature'));
    expect(() => openWithPolicy(checkpoint, { ...policy, logs: [] })).toThrow(refused('origin-mismatch'));
  });

  it('refuse a checkpoint on which a listed witness has a forged cosignature', () => {
    const policy = parsePolicy(TWO_LEVELS);
    const [first, ...rest] = cosignedBy('X1', 'X2', 'X3', 'Y1').signatures.toReversed();
    const forged = { name: '', keyId: 0, ...first, bytes: new Uint8Array(72) };
    expect(() => openWithPolicy({ text: checkpoint.text, signatures: [forged, ...rest] }, policy)).toThrow(
      refused('signature-invalid'),
    );
  });

  const X1 = WITNESS_LINES[0] ?? '';
  it.each([
    ['no quorum', LOG_LINE],
    ['two quorums', 'quorum none\nquorum none'],
    ['a quorum that is not defined', 'quorum X1'],
    ['a quorum before its definition', `quorum X1\n${X1}`],
    ['a witness twice under other names', `${X1}\n${X1.replace(' X1 ', ' X9 ')}\nquorum none`],
    ['a log twice', `${LOG_LINE}\n${LOG_LINE}\nquorum none`],
    ['a name twice', `${X1}\ngroup X1 any X1\nquorum X1`],
    ['a witness called none', `${X1.replace(' X1 ', ' none ')}\nquorum none`],
    ['none as a member', 'group g any none\nquorum none'],
    ['a member in two groups', `${X1}\ngroup a any X1\ngroup b any X1\nquorum b`],
    ['a group that names itself', `${X1}\ngroup a any a\nquorum X1`],
    ['a threshold of 0', `${X1}\ngroup a 0 X1\nquorum a`],
    ['a threshold above its members', `${X1}\ngroup a 2 X1\nquorum a`],
    ['a threshold with a leading zero', `${X1}\ngroup a 01 X1\nquorum a`],
    ['a group without members', 'group a all\nquorum none'],
    ['a word that is none of its own', 'logs x\nquorum none'],
    ['a log key that is for cosignatures', `${X1.replace('witness X1', 'log')}\nquorum none`],
    ['a witness key that is for notes', `${LOG_LINE.replace('log', 'witness w')}\nquorum none`],
    ['too many items', `${X1} https://x y\nquorum none`],
    ['a carriage return', 'quorum none\r\n'],
    ['a broken vkey', 'log a+00000000+AA==\nquorum none'],
  ])('are refused with %s', (_, text) => {
    expect(() => parsePolicy(text)).toThrow(refused(text.includes('AA==') ? 'unsupported-algorithm' : 'malformed'));
  });

  it('are refused when they are not UTF-8 or too long', () => {
    expect(() =>
      parsePolicy(Buffer.concat([Buffer.from('# '), Buffer.of(0xff), Buffer.from('\nquorum none\n')])),
    ).toThrow(refused('malformed'));
    expect(() => parsePolicy('#'.repeat(1_000_001))).toThrow(refused('limit-exceeded'));
  });
});
