import { access, readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { canonicalize } from '../../src/ledger/canonical.js';
import type { RecordedEvent } from '../../src/ledger/event.js';
import { METHODS } from '../../src/transparency/methods.js';
import { streamLines } from '../../src/transparency/publication/publication-text.js';
import { periodBegin, type ReportPublished } from '../../src/transparency/events/publication.js';
import type { ReportMethod } from '../../src/transparency/report-method.js';
import { corpusFile, digestsOf, eventsOf, foldTo, readHistory, rootAt, sha256 } from './frozen-method.js';

/**
 * Freezes a version of the method: `node --import ./test/support/typescript.mjs test/transparency/freeze.ts VERSION`.
 *
 * Put `history.ndjson` into `corpus/VERSION/` first: canonical envelopes that cover every event type and figure of the version, and
 * drafts of publications, which are `report-published` events whose data is `kind`, `periodFrom`, `periodTo` and `position` alone. The
 * script completes the drafts and writes the other files. It refuses a version that is frozen already.
 */
async function freeze(version: string): Promise<void> {
  const method = METHODS.of(version);
  if (method === undefined) throw new Error(`The program knows no method ${version}.`);
  const digests = corpusFile(version, 'digests.json');
  if (
    await access(digests).then(
      () => true,
      () => false,
    )
  )
    throw new Error(`Method ${version} is frozen already.`);
  const entries = await readHistory(version);
  for (const [at, entry] of entries.entries()) {
    const envelope = JSON.parse(entry.toString()) as RecordedEvent;
    if (envelope.type !== 'report-published' || 'sha256' in envelope.data) continue;
    const { data, text } = published(method, entries, envelope.data as unknown as ReportPublished['data']);
    entries[at] = Buffer.from(canonicalize({ ...envelope, data }));
    await writeFile(corpusFile(version, `${data.kind}.bytes`), text);
  }
  await writeFile(corpusFile(version, 'history.ndjson'), entries.map((entry) => `${entry.toString()}\n`).join(''));
  await writeFile(digests, `${JSON.stringify(digestsOf(method, entries), null, 2)}\n`);
}

function published(method: ReportMethod, entries: readonly Buffer[], draft: ReportPublished['data']) {
  const { position, kind } = draft;
  const events = eventsOf(entries.slice(0, position));
  const root = rootAt(entries, position);
  const text = method.text(foldTo(method, events, position), root, { kind }, beginOf(method, events, draft));
  const lastRevisions = new Map(events.map(({ stream, revision }) => [stream, revision]));
  const data: ReportPublished['data'] = {
    ...draft,
    treeSize: position,
    root: Buffer.from(root).toString('base64'),
    methodVersion: method.version,
    byteCount: Buffer.byteLength(text),
    sha256: sha256(text),
    streams: { count: lastRevisions.size, sha256: sha256([...streamLines(lastRevisions)].join('')) },
  };
  return { data, text };
}

function beginOf(method: ReportMethod, events: readonly RecordedEvent[], period: ReportPublished['data']) {
  if (!method.hasPeriods) return undefined;
  const { periodFrom, periodTo } = period;
  const begin = periodBegin(period);
  const fromPosition = events.filter(({ recordedAt }) => Date.parse(recordedAt) < begin).length;
  return { state: foldTo(method, events, fromPosition), period: { periodFrom, periodTo, fromPosition } };
}

const { positionals } = parseArgs({ allowPositionals: true });
const [version = ''] = positionals;
await freeze(version);
process.stdout.write(
  `${(await readFile(corpusFile(version, 'digests.json'), 'utf8')).split('\n').length - 3} digests.\n`,
);
