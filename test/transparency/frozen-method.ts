import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AGGREGATES } from '../../src/aggregates.js';
import { EventReader } from '../../src/ledger/event-reader.js';
import type { RecordedEvent } from '../../src/ledger/event.js';
import { canonicalize } from '../../src/ledger/canonical.js';
import { leafHash, rootOf } from '../../src/tlog/merkle.js';
import {
  serialise,
  type MethodState,
  type ReportMethod,
  type ReportRequest,
} from '../../src/transparency/report-method.js';

/**
 * The corpus of a method version, in `corpus/<version>/`. Its bytes are frozen:
 * - `history.ndjson`: envelopes as they were stored, one a line. Reports were published in it by this version.
 * - `<kind>.bytes`: the last published report of each kind.
 * - `digests.json`: hashes of the reports, their CSV lines and the states along the history.
 */
export const corpusFile = (version: string, name: string): URL => new URL(`corpus/${version}/${name}`, import.meta.url);

/** The envelopes of a corpus, as entries of a log. */
export async function readHistory(version: string): Promise<Buffer[]> {
  const text = await readFile(corpusFile(version, 'history.ndjson'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => Buffer.from(line));
}

/** Envelopes as the program reads them: lifted to the current schemas. */
export function eventsOf(entries: readonly Buffer[]): RecordedEvent[] {
  const reader = new EventReader(AGGREGATES);
  return entries.map((entry, index) => reader.read({ position: index + 1, envelope: entry.toString() }));
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
export const rootAt = (entries: readonly Buffer[], position: number): Uint8Array =>
  rootOf(entries.slice(0, position).map((entry) => leafHash(entry)));

export function foldTo(method: ReportMethod, events: readonly RecordedEvent[], position: number): MethodState {
  return events.slice(0, position).reduce((state, event) => method.fold(state, event), method.initial());
}

const REQUESTS: Readonly<Record<string, ReportRequest>> = {
  'equal-access': { kind: 'equal-access' },
  'equal-access in one mode': { kind: 'equal-access', mode: 'regular' },
  'equal-access of one facility': { kind: 'equal-access', facilityId: 'bologna' },
  capital: { kind: 'capital' },
  capacity: { kind: 'capacity' },
  'capacity of one facility': { kind: 'capacity', facilityId: 'bologna' },
};
/** Reports that a method has since 2.0: of the time of a pool. */
const POOL_REQUESTS: Readonly<Record<string, ReportRequest>> = {
  "equal-access of everybody's time": { kind: 'equal-access', pool: 'all' },
  "equal-access of a state's time": { kind: 'equal-access', pool: 'fi' },
};
const EVERY_EVENTS = 40;
/** The period of a report begins after this fraction of the history. */
const PERIOD_AFTER = 1 / 3;
/** Instants of the states of effective time: when the event at this fraction of the history was recorded. */
const EFFECTIVE_AT = [0.25, 0.5, 0.75];

/** Hashes of the results of a method over a history, each under a name that describes the result. */
export function digestsOf(method: ReportMethod, entries: readonly Buffer[]): Record<string, string> {
  const digests: Record<string, string> = {};
  const events = eventsOf(entries);
  const digestReports = (state: MethodState, where: string): void => {
    const root = rootAt(entries, state.position);
    const requests = method.hasPeriods ? { ...REQUESTS, ...POOL_REQUESTS } : REQUESTS;
    for (const [name, request] of Object.entries(requests)) {
      digests[`${where}: ${name}`] = sha256(method.text(state, root, request));
      digests[`${where}: ${name}, CSV lines`] = sha256(canonicalize(method.rows(state, root, request)));
    }
  };
  const state = method.initial();
  digestReports(state, 'position 0');
  for (const event of events) {
    method.fold(state, event);
    const { position } = event;
    if (position % EVERY_EVENTS !== 0 && position < events.length) continue;
    digests[`position ${position}: state`] = sha256(serialise(method, state));
    digestReports(state, `position ${position}`);
  }
  if (method.hasPeriods) {
    const fromPosition = Math.floor(events.length * PERIOD_AFTER);
    const period = {
      periodFrom: events[fromPosition]?.recordedAt ?? '',
      periodTo: events.at(-1)?.recordedAt ?? '',
      fromPosition,
    };
    const begin = { state: foldTo(method, events, fromPosition), period };
    const root = rootAt(entries, state.position);
    for (const [name, request] of Object.entries(REQUESTS)) {
      digests[`from position ${fromPosition}: ${name}`] = sha256(method.text(state, root, request, begin));
      const lines = method.rows(state, root, request, begin);
      digests[`from position ${fromPosition}: ${name}, CSV lines`] = sha256(canonicalize(lines));
    }
  }
  for (const fraction of EFFECTIVE_AT) {
    const effectiveAt = events[Math.floor(events.length * fraction)]?.recordedAt ?? '';
    const effective = Object.assign(method.initial(), { effectiveAt });
    for (const event of events) method.foldEffective(effective, event);
    digests[`effective at ${effectiveAt}: state`] = sha256(serialise(method, effective));
    digestReports(effective, `effective at ${effectiveAt}`);
  }
  return digests;
}
