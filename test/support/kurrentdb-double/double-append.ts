import type { ServiceError } from '@grpc/grpc-js';
import streamsPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/streams/streams_pb.js';
import type {
  AppendRecord,
  AppendRecordsRequest,
  AppendRequest,
} from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/streams/streams_pb.js';
import { invalid, noRequests, streamTwice, tooLarge } from './double-errors.js';
import { ANY, EXISTS, NO_STREAM, type ProposedRecord, type StreamExpectation } from './double-log.js';

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
/** The default of `MaxAppendSize`. */
export const APPEND_BYTES_MAX = 1_024 * 1_024;
const RECORD_OVERHEAD_BYTES = 100;

/** Checks the requests of one session: every stream once, and at least one record for each. */
export function sessionOf(requests: readonly AppendRequest[], bytesMax: number): ProposedAppend {
  if (requests.length === 0) reject(noRequests());
  const seen = new Set<string>();
  const records: ProposedRecord[] = [];
  const expectations = requests.map((request) => {
    const stream = request.getStream();
    if (seen.has(stream.toLowerCase())) reject(streamTwice(stream));
    seen.add(stream.toLowerCase());
    if (request.getRecordsList().length === 0) reject(invalid(`The request for ${stream} has no records.`));
    for (const record of request.getRecordsList()) records.push(recordOf(stream, record));
    return { stream, state: request.hasExpectedRevision() ? stateOf(request.getExpectedRevision()) : ANY };
  });
  requireSize(records, bytesMax);
  return { records, expectations };
}

/** Checks a request with records in any order, and checks of any streams. */
export function recordsOf(request: AppendRecordsRequest, bytesMax: number): ProposedAppend {
  const records = request.getRecordsList().map((record) => recordOf(record.getStream(), record));
  if (records.length === 0) reject(invalid('There are no records.'));
  requireSize(records, bytesMax);
  const states = new Map<string, bigint>();
  for (const check of request.getChecksList()) {
    const state = check.getStreamState() ?? reject(invalid('A check has no type.'));
    if (states.has(state.getStream())) reject(invalid(`There are two checks of ${state.getStream()}.`));
    states.set(requireStream(state.getStream()), stateOf(state.getExpectedState()));
  }
  for (const { stream } of records) if (!states.has(stream)) states.set(stream, ANY);
  return { records, expectations: [...states].map(([stream, state]) => ({ stream, state })) };
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
  if (stream.trim() === '' || stream.startsWith('$')) reject(invalid(`"${stream}" is no name of a stream.`));
  return stream;
}

function stateOf(text: string | undefined): bigint {
  const state = BigInt(text ?? ANY);
  if (state < 0n && ![NO_STREAM, ANY, EXISTS].includes(state)) reject(invalid(`State ${state} is unknown.`));
  return state;
}

function requireSize(records: readonly ProposedRecord[], bytesMax: number): void {
  const bytes = records.reduce((sum, { data, stream, type }) => {
    return sum + data.length + 2 * (stream.length + type.length) + RECORD_OVERHEAD_BYTES;
  }, 0);
  if (bytes > bytesMax) reject(tooLarge(bytes, bytesMax));
}
