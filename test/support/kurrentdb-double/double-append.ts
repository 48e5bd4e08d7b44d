import type { ServiceError } from '@grpc/grpc-js';
import streamsPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/streams/streams_pb.js';
import type {
  AppendRecord,
  AppendRecordsRequest,
  AppendRequest,
} from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/streams/streams_pb.js';
import { invalid, noRequests, recordTooLarge, streamTwice, tooLarge } from './double-errors.js';
import { ANY, DELETED, EXISTS, NO_STREAM, TOMBSTONED } from './double-log.js';
import type { ProposedRecord, StreamExpectation } from './double-log.js';

/** A requested append, in the terms of the log. */
export interface ProposedAppend {
  readonly records: readonly ProposedRecord[];
  readonly expectations: readonly StreamExpectation[];
}

/** Thrown by the checks of an append. The service sends it to the client. */
export class Rejected extends Error {
  constructor(readonly status: ServiceError) {
    super(status.message);
  }
}

function reject(status: ServiceError): never {
  throw new Rejected(status);
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const SCHEMA_NAME = /^[a-zA-Z0-9_.$:-]+$/;
/** The defaults of `MaxAppendSize` and `MaxAppendEventSize` since 25.1, in bytes. */
export const APPEND_BYTES_MAX = 256 * 1_024 * 1_024;
export const RECORD_BYTES_MAX = 16 * 1_024 * 1_024;
const RECORD_OVERHEAD_BYTES = 100;

/** Checks the requests of one session in their order, each as it arrives: every stream once, and at least one record for each. */
export function sessionOf(requests: readonly AppendRequest[], bytesMax: number): ProposedAppend {
  if (requests.length === 0) reject(noRequests());
  const seen = new Set<string>();
  const records: ProposedRecord[] = [];
  const expectations = requests.map((request) => {
    const stream = request.getStream();
    if (request.getRecordsList().length === 0) reject(invalid(`The request for ${stream} has no records.`));
    const own = request.getRecordsList().map((record) => recordOf(stream, record));
    const state = request.hasExpectedRevision() ? stateOf(request.getExpectedRevision(), REVISIONS_OF_SESSION) : ANY;
    if (seen.has(stream.toLowerCase())) reject(streamTwice(stream));
    seen.add(stream.toLowerCase());
    records.push(...own);
    requireSize(records, bytesMax);
    return { stream, state };
  });
  return { records, expectations };
}

/**
 * Checks a request with records in any order, and checks of any streams; all of it before any size. Streams that differ only in case are
 * one stream here: its records go to the spelling of its check.
 */
export function recordsOf(request: AppendRecordsRequest, bytesMax: number): ProposedAppend {
  const sent = request.getRecordsList().map((record) => recordOf(record.getStream(), record));
  if (sent.length === 0) reject(invalid('There are no records.'));
  const states = new Map<string, StreamExpectation>();
  for (const check of request.getChecksList()) {
    const own = check.getStreamState() ?? reject(invalid('A check has no type.'));
    const stream = requireStream(own.getStream());
    if (states.has(stream.toLowerCase())) reject(invalid(`There are two checks of ${stream}.`));
    states.set(stream.toLowerCase(), { stream, state: stateOf(own.getExpectedState(), STATES_OF_CHECKS) });
  }
  const records = sent.map((record) => {
    const known = states.get(record.stream.toLowerCase()) ?? { stream: record.stream, state: ANY };
    states.set(record.stream.toLowerCase(), known);
    return { ...record, stream: known.stream };
  });
  requireSize(records, bytesMax);
  return { records, expectations: [...states.values()] };
}

function recordOf(stream: string, record: AppendRecord): ProposedRecord {
  const id = record.getRecordId() ?? '';
  const schema = record.getSchema();
  if (!GUID.test(id)) reject(invalid(`"${id}" is no GUID.`));
  if (!schema || !SCHEMA_NAME.test(schema.getName())) reject(invalid(`"${schema?.getName()}" is no name of a schema.`));
  const { SCHEMA_FORMAT_JSON, SCHEMA_FORMAT_BYTES } = streamsPb.SchemaFormat;
  const format = schema.getFormat();
  if (format !== SCHEMA_FORMAT_JSON && format !== SCHEMA_FORMAT_BYTES) reject(invalid(`Format ${format} is unknown.`));
  return {
    stream: requireStream(stream),
    id: id.toLowerCase(),
    type: schema.getName(),
    contentType: format === SCHEMA_FORMAT_JSON ? 'application/json' : 'application/octet-stream',
    data: record.getData_asU8().slice(),
  };
}

function requireStream(stream: string): string {
  if (stream === '' || stream === '$$') reject(invalid(`"${stream}" is no name of a stream.`));
  return stream;
}

const REVISIONS_OF_SESSION = [NO_STREAM, ANY, EXISTS];
const STATES_OF_CHECKS = [NO_STREAM, EXISTS, DELETED, TOMBSTONED];

/** @param named the numbers below zero that name a state here */
function stateOf(text: string | undefined, named: readonly bigint[]): bigint {
  const state = BigInt(text ?? ANY);
  if (state < 0n && !named.includes(state)) reject(invalid(`State ${state} is not allowed here.`));
  return state;
}

function requireSize(records: readonly ProposedRecord[], bytesMax: number): void {
  let bytes = 0;
  for (const { data, stream, type, id } of records) {
    const own = data.length + 2 * (stream.length + type.length) + RECORD_OVERHEAD_BYTES;
    if (own > RECORD_BYTES_MAX) reject(recordTooLarge(stream, id, own, RECORD_BYTES_MAX));
    bytes += own;
  }
  if (bytes > bytesMax) reject(tooLarge(bytes, bytesMax));
}
