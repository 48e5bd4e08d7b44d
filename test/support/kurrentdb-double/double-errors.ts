import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import anyPb from 'google-protobuf/google/protobuf/any_pb.js';
import statusPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/status_pb.js';
import errorsPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/errors_pb.js';
import streamErrorsPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/streams/errors_pb.js';
import type { StreamConflict } from './double-log.js';

/** Address of a node. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

interface Details {
  serializeBinary(): Uint8Array;
}

/** An error of the second protocol: a status whose details name the fault. */
function failure(code: status, message: string, type?: string, details?: Details): ServiceError {
  const metadata = new Metadata();
  if (type !== undefined && details) {
    const any = new anyPb.Any();
    any.setTypeUrl(`type.googleapis.com/${type}`);
    any.setValue(details.serializeBinary());
    const text = new statusPb.Status();
    text.setCode(code as number);
    text.setMessage(message);
    text.setDetails(any);
    metadata.set('grpc-status-details-bin', Buffer.from(text.serializeBinary()));
  }
  return Object.assign(new Error(message), { code, details: message, metadata });
}

const STREAMS = 'kurrentdb.protocol.v2.streams.errors';

export const invalid = (what: string): ServiceError => failure(status.INVALID_ARGUMENT, what);
export const unavailable = (what: string): ServiceError => failure(status.UNAVAILABLE, what);
/** The server has an error that it cannot tell in the words of the second protocol. */
export const unmapped = (): ServiceError => failure(status.INTERNAL, 'failed to map error');
export const denied = (): ServiceError => failure(status.PERMISSION_DENIED, 'Access denied');
export const noRequests = (): ServiceError =>
  failure(status.FAILED_PRECONDITION, 'Append session started, but no append requests were sent.');

/** The first protocol reports this error in its trailers. */
export function deniedByTrailer(): ServiceError {
  const error = failure(status.PERMISSION_DENIED, 'Access Denied');
  error.metadata.set('exception', 'access-denied');
  return error;
}

export function notLeaderByTrailer({ host, port }: Endpoint): ServiceError {
  const error = failure(status.NOT_FOUND, `Leader info available: ${host}:${port}`);
  error.metadata.set('exception', 'not-leader');
  error.metadata.set('leader-endpoint-host', host);
  error.metadata.set('leader-endpoint-port', String(port));
  return error;
}

export function notLeader({ host, port }: Endpoint): ServiceError {
  const node = new errorsPb.NotLeaderNodeErrorDetails.NodeInfo();
  node.setHost(host);
  node.setPort(port);
  const details = new errorsPb.NotLeaderNodeErrorDetails();
  details.setCurrentLeader(node);
  return failure(
    status.FAILED_PRECONDITION,
    'This node is not the leader',
    'kurrent.rpc.NotLeaderNodeErrorDetails',
    details,
  );
}

export function streamTwice(stream: string): ServiceError {
  const details = new streamErrorsPb.StreamAlreadyInAppendSessionErrorDetails();
  details.setStream(stream);
  return failure(
    status.ABORTED,
    `Stream '${stream}' is in this session already.`,
    `${STREAMS}.StreamAlreadyInAppendSessionErrorDetails`,
    details,
  );
}

export function tooLarge(bytes: number, bytesMax: number): ServiceError {
  const details = new streamErrorsPb.AppendTransactionSizeExceededErrorDetails();
  details.setSize(bytes);
  details.setMaxSize(bytesMax);
  const message = `Transaction size (${bytes}) exceeded the maximum (${bytesMax}).`;
  return failure(status.ABORTED, message, `${STREAMS}.AppendTransactionSizeExceededErrorDetails`, details);
}

export function recordTooLarge(stream: string, id: string, bytes: number, bytesMax: number): ServiceError {
  const details = new streamErrorsPb.AppendRecordSizeExceededErrorDetails();
  details.setStream(stream);
  details.setRecordId(id);
  details.setSize(bytes);
  details.setMaxSize(bytesMax);
  const message = `Record size (${bytes}) exceeded the maximum (${bytesMax}).`;
  return failure(status.ABORTED, message, `${STREAMS}.AppendRecordSizeExceededErrorDetails`, details);
}

/** The error of a multi-stream append: it names one stream. */
export function revisionConflict(conflict: StreamConflict): ServiceError {
  const details = new streamErrorsPb.StreamRevisionConflictErrorDetails();
  details.setStream(conflict.stream);
  details.setExpectedRevision(String(conflict.state));
  details.setActualRevision(String(conflict.actual));
  const message = `Append failed due to a revision conflict on stream '${conflict.stream}'.`;
  return failure(status.FAILED_PRECONDITION, message, `${STREAMS}.StreamRevisionConflictErrorDetails`, details);
}

/** The error of an append with checks: it names all streams. */
export function consistencyViolation(conflicts: readonly StreamConflict[]): ServiceError {
  const details = new streamErrorsPb.AppendConsistencyViolationErrorDetails();
  for (const { stream, state, actual, index } of conflicts) {
    const own = new streamErrorsPb.ConsistencyViolation.StreamStateViolation();
    own.setStream(stream);
    own.setExpectedState(String(state));
    own.setActualState(String(actual));
    const violation = new streamErrorsPb.ConsistencyViolation();
    violation.setCheckIndex(index);
    violation.setStreamState(own);
    details.addViolations(violation);
  }
  const type = `${STREAMS}.AppendConsistencyViolationErrorDetails`;
  return failure(status.FAILED_PRECONDITION, 'Append failed due to consistency violations.', type, details);
}
