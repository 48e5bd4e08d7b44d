import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AGGREGATES } from '../../src/aggregates.js';
import { requireComparable } from '../../src/audit/audit-compare.js';
import { UsageError } from '../../src/audit/audit-finding.js';
import { openLog } from '../../src/audit/audit-log.js';
import { replay } from '../../src/audit/audit-replay.js';
import { canonicalize } from '../../src/ledger/canonical.js';
import { noteKeyOf } from '../../src/tlog/note-key.js';
import { METHODS, MethodRegistry } from '../../src/transparency/methods.js';
import { METHOD_1 } from '../../src/transparency/method-1/method.js';
import type { ReportMethod } from '../../src/transparency/report-method.js';
import type { ReportPublished } from '../../src/transparency/events/publication.js';
import { LOG_KEY, LOG_VKEY, signedLog } from '../audit/written-log.js';
import { ppp } from '../support/command-line.js';
import { corpusFile, digestsOf, eventsOf, readHistory } from './frozen-method.js';

/** The files of the corpus, which never change: reports were published by these versions. A new version adds lines of its own. */
const FROZEN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '1.0': {
    'capacity.bytes': 'c43a3d369e57d890607b464d54eab2f8cc3787346ca86352c7b1b40c7ddabf9f',
    'capital.bytes': '963821abfcf833a0e1572509f88ca2b9b4dba83927a42289bd67d2cc8ae1ddcc',
    'digests.json': '85b3995c73ba38e5f1c402de9a8c18ff51f51c2ed58102db6b36620800119a62',
    'equal-access.bytes': '9da6b915e53a3514b334dc709a3d22abe839bbec7e0f284487980b316d40adde',
    'history.ndjson': '20d62a309ca6e1ba293a4e870238b38c13f6865a91136c0a7f7dbf6495236b51',
  },
  '2.0': {
    'capacity.bytes': '1809c20180c5752f2b857dc13ebe5a0a3ee2c750ad776dd93cec0c4f78914b7f',
    'capital.bytes': 'bd79c0d307b58bc27d0bdd554c311cdd26fbb51d5098948292f79b5b883a38c2',
    'digests.json': 'db784973871313cdf3baf51324407c3043da9a844867d2b887c241c7ec75a714',
    'equal-access.bytes': '6ae67e0d9a6192476529740c92b5acffc39804a9c44e9e840cb1a25dad88fbb9',
    'history.ndjson': '7bde0dd0b91575a8f3bba3d9c17e39f2f80365ec95242ec3b35bf5ac0ded1fa1',
  },
};
/**
 * Event types that came after the freeze of the current method, and that its fold passes over. A type that changes a figure needs a
 * new version of the method instead, with a history of its own.
 */
const PASSED_OVER: readonly string[] = ['decrease-requested', 'yearly-submitted'];
/** Event types that came after 1.0, which counts nothing of them. */
const LATER_THAN_1 = ['access-pool-defined', 'call-hours-granted', 'entitlement-set', 'pool-assigned', 'loss-forgiven'];
const VERSIONS = METHODS.methods.map((method) => [method.version, method] as const);

describe('the corpus of the methods', () => {
  it('holds every version that the program knows, and no byte of it has changed', async () => {
    expect(Object.keys(FROZEN)).toEqual(METHODS.methods.map(({ version }) => version));
    for (const [version, files] of Object.entries(FROZEN)) {
      const names = (await readdir(corpusFile(version, ''))).sort();
      const found = names.map(async (name) => [name, await sha256Of(version, name)] as const);
      expect(Object.fromEntries(await Promise.all(found))).toEqual(files);
    }
  });

  it('covers every event type with the history of the current method', async () => {
    const types = new Set(eventsOf(await readHistory(METHODS.current.version)).map(({ type }) => type));
    const known = AGGREGATES.flatMap(({ events }) => Object.keys(events));
    expect(known.filter((type) => !types.has(type))).toEqual(PASSED_OVER);
  });

  it('shows no figure of an event type that a method passes over', () => {
    const passedOver = [
      ...PASSED_OVER.map((type) => [METHODS.current, type] as const),
      ...LATER_THAN_1.map((type) => [METHOD_1 as ReportMethod, type] as const),
    ];
    for (const [method, type] of passedOver) {
      const event = { position: 1, recordedAt: '2026-01-01T00:00:00Z', stream: 'any-1', type, data: {} } as never;
      const { position: _one, recordedAt: _at, ...rest } = method.fold(method.initial(), event);
      const { position: _none, recordedAt: _never, ...initial } = method.initial();
      expect([method.version, type, rest]).toEqual([method.version, type, initial]);
    }
  });
});

describe.each(VERSIONS)('method %s', (version, method) => {
  it('makes the frozen reports, CSV lines and states from the frozen history', async () => {
    const frozen = JSON.parse(await readFile(corpusFile(version, 'digests.json'), 'utf8')) as Record<string, string>;
    expect(digestsOf(method, await readHistory(version))).toEqual(frozen);
  });

  it('replays every report that it published, byte for byte', async () => {
    const entries = await readHistory(version);
    const publications = eventsOf(entries).flatMap(({ stream, type, data }) =>
      type === 'report-published' ? [{ stream, ...(data as ReportPublished['data']) }] : [],
    );
    expect(publications.length).toBeGreaterThan(0);
    const log = await openLog(signedLog(entries), { key: noteKeyOf(LOG_KEY) });
    const { published, findings, unknownMethods } = await replay(log, {}, { aggregates: AGGREGATES });
    // The periods of the frozen publications are made up: some were "final" before they were over.
    expect([findings.has('published reports'), unknownMethods]).toEqual([false, []]);
    expect(published.map(({ id, sha256 }) => [`report-${id}`, sha256]).sort()).toEqual(
      publications.map(({ stream, sha256 }) => [stream, sha256]).sort(),
    );
    for (const { kind, position } of publications.slice(-3)) {
      const bytes = await readFile(corpusFile(version, `${kind}.bytes`), 'utf8');
      expect(published.find((report) => report.kind === kind && report.position === position)?.text).toBe(bytes);
    }
  });
});

describe('a publication by an unknown method', () => {
  it('is named by "audit replay" as not checkable, and is no accusation: exit code 2', async () => {
    const [version = ''] = Object.keys(FROZEN);
    const entries = await readHistory(version);
    const before = eventsOf(entries).findIndex(({ type }) => type === 'report-published');
    const last = eventsOf(entries)[before];
    if (last === undefined) throw new Error('Nothing was published.');
    const { position: _position, ...envelope } = last;
    const foreign = {
      ...envelope,
      stream: 'report-foreign',
      data: { ...last.data, kind: 'of another kind', methodVersion: '9.9', sha256: '0'.repeat(64) },
    };
    const source = signedLog([...entries.slice(0, before), Buffer.from(canonicalize(foreign))]);
    const replayed = await replay(await openLog(source, { key: noteKeyOf(LOG_KEY) }), {}, { aggregates: AGGREGATES });
    expect(replayed.unknownMethods).toEqual([{ id: 'foreign', methodVersion: '9.9' }]);
    expect(replayed.findings.first).toBeUndefined();
    const folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-methods-'));
    try {
      for (const [path, bytes] of source.files) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), bytes);
      }
      const { code, out, err } = await ppp('audit', 'replay', folder, '--vkey', LOG_VKEY);
      expect(code).toBe(2);
      expect(out + err).toContain('report foreign was published by method 9.9, which this program does not know');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('a publication whose data is malformed', () => {
  const noText = { toString: 0 };

  it.each([
    ['kind', { kind: noText }],
    ['kind, of an unknown method', { kind: noText, methodVersion: '9.9' }],
    ['version of the method', { methodVersion: noText }],
    ['position', { position: noText }],
    ['number of bytes', { byteCount: noText }],
    ['hash', { sha256: noText }],
    ['list of streams', { streams: null }],
    ['number of streams', { streams: { count: noText, sha256: '0' } }],
  ])('is found by "audit replay", which names it: %s', async (_, malformed) => {
    const [version = ''] = Object.keys(FROZEN);
    const entries = await readHistory(version);
    const at = eventsOf(entries).findIndex(({ type }) => type === 'report-published');
    const { position, ...envelope } = eventsOf(entries)[at] as ReturnType<typeof eventsOf>[number];
    entries[at] = Buffer.from(canonicalize({ ...envelope, data: { ...envelope.data, ...malformed } }));
    const log = await openLog(signedLog(entries), { key: noteKeyOf(LOG_KEY) });
    const { findings } = await replay(log, {}, { aggregates: AGGREGATES });
    expect(findings.has('published reports')).toBe(true);
    expect(findings.first).toMatchObject({ position, type: 'report-published' });
  });
});

describe('the comparison of replayed reports with those of a service', () => {
  it('takes the current method, and refuses an older one with the reason', () => {
    const methods = new MethodRegistry([METHOD_1, { ...METHOD_1, version: '1.1' }]);
    expect(() => requireComparable(methods.current, methods)).not.toThrow();
    expect(() => requireComparable(METHOD_1, methods)).toThrow(UsageError);
    expect(() => requireComparable(METHOD_1, methods)).toThrow('by method 1.1, so that those of method 1.0');
  });
});

describe('the registry of methods', () => {
  it('finds a method by its version, and takes the last one for new figures', () => {
    const next = { ...METHOD_1, version: '1.1' };
    const methods = new MethodRegistry([METHOD_1, next]);
    expect([methods.of('1.0'), methods.of('1.1'), methods.of('9.9')]).toEqual([METHOD_1, next, undefined]);
    expect(methods.current).toBe(next);
    expect(METHODS.methods.map(({ version }) => version)).toEqual(['1.0', '2.0']);
  });

  it('refuses two methods of the same version', () => {
    expect(() => new MethodRegistry([METHOD_1, { ...METHOD_1 }])).toThrow('Two methods have the same version.');
  });
});

async function sha256Of(version: string, name: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(corpusFile(version, name)))
    .digest('hex');
}
