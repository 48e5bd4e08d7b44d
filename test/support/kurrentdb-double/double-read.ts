import { randomUUID } from 'node:crypto';
import type { ServerWritableStream } from '@grpc/grpc-js';
import timestampPb from 'google-protobuf/google/protobuf/timestamp_pb.js';
import sharedPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import streamsPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import type { ReadReq, ReadResp } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import { invalid } from './double-errors.js';
import type { DoubleLog, DoubleRecord } from './double-log.js';
import { Rejected } from './double-append.js';

export type ReadCall = ServerWritableStream<ReadReq, ReadResp>;
type Options = ReadReq.Options;

const { ReadDirection, CountOptionCase, StreamOptionCase } = streamsPb.ReadReq.Options;
/** Ticks of 100 ns, as the server counts them. */
const TICKS_PER_MS = 10_000n;

/** Answers a read of a stream or of `$all`, up to its end. */
export function read(log: DoubleLog, options: Options): ReadResp[] {
  const isForwards = options.getReadDirection() === ReadDirection.FORWARDS;
  const records =
    options.getStreamOptionCase() === StreamOptionCase.STREAM ? ofStream(log, options) : ofAll(log, options);
  if (!records) return [notFound(options)];
  const ordered = isForwards ? records : records.reverse();
  return ordered.slice(0, Number(options.getCount())).map((record) => eventOf(record, options));
}

/** Confirms, sends the existing records, reports that it has caught up, and continues until the call ends. */
export function subscribe(log: DoubleLog, call: ReadCall, options: Options): void {
  const confirmation = new streamsPb.ReadResp.SubscriptionConfirmation();
  confirmation.setSubscriptionId(randomUUID());
  const first = new streamsPb.ReadResp();
  first.setConfirmation(confirmation);
  call.write(first);
  const isOfStream = options.getStreamOptionCase() === StreamOptionCase.STREAM;
  const source = (): readonly DoubleRecord[] => (isOfStream ? log.stream(nameOf(options)) : log.visible());
  let next = isOfStream ? startInStream(options) : startInAll(log, options);
  let hasCaughtUp = false;
  const send = (): void => {
    for (; next < source().length; next += 1) {
      const record = source()[next];
      if (record && (isOfStream || passes(record, options))) call.write(eventOf(record, options));
    }
    if (!hasCaughtUp) call.write(caughtUp(log));
    hasCaughtUp = true;
  };
  const stop = log.onGrowth(send);
  call.on('close', stop);
  call.on('cancelled', stop);
  send();
}

const nameOf = (options: Options): string =>
  Buffer.from(options.getStream()?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8');

/** A subscription begins after the revision that it names. */
function startInStream(options: Options): number {
  const own = options.getStream();
  if (own?.hasEnd()) throw new Rejected(invalid('The double subscribes to streams from a revision only.'));
  return own?.hasRevision() ? Number(own.getRevision()) + 1 : 0;
}

function ofStream(log: DoubleLog, options: Options): DoubleRecord[] | undefined {
  const own = options.getStream();
  const records = [...log.stream(nameOf(options))];
  if (records.length === 0) return undefined;
  if (own?.hasEnd() || own?.hasStart()) return records;
  const revision = Number(own?.getRevision());
  const isForwards = options.getReadDirection() === ReadDirection.FORWARDS;
  return records.filter((record) => (isForwards ? record.revision >= revision : record.revision <= revision));
}

function ofAll(log: DoubleLog, options: Options): DoubleRecord[] {
  if (options.getReadDirection() !== ReadDirection.FORWARDS)
    throw new Rejected(invalid('The double reads $all forwards only.'));
  return log
    .visible()
    .slice(startInAll(log, options, 'inclusive'))
    .filter((record) => passes(record, options));
}

/** A subscription begins after the position that it names, a read begins at that position. */
function startInAll(log: DoubleLog, options: Options, place: 'inclusive' | 'exclusive' = 'exclusive'): number {
  const all = options.getAll();
  if (!all || all.hasStart()) return 0;
  if (all.hasEnd()) return log.visible().length;
  const commit = BigInt(all.getPosition()?.getCommitPosition() ?? 0);
  const prepare = BigInt(all.getPosition()?.getPreparePosition() ?? 0);
  if (prepare > commit) throw new Rejected(invalid('A prepare position is behind its commit position.'));
  const records = log.visible();
  const index = records.findIndex((record) =>
    place === 'inclusive' ? record.commit >= commit : record.commit > commit,
  );
  return index === -1 ? records.length : index;
}

function passes({ stream }: DoubleRecord, options: Options): boolean {
  const filter = options.getFilter()?.getStreamIdentifier();
  if (options.hasNoFilter()) return true;
  if (!filter || filter.getPrefixList().length === 0)
    throw new Rejected(invalid('The double filters by prefixes of stream names only.'));
  return filter.getPrefixList().some((prefix) => stream.startsWith(prefix));
}

function eventOf(record: DoubleRecord, options: Options): ReadResp {
  const own = new streamsPb.ReadResp.ReadEvent.RecordedEvent();
  const identifier = new sharedPb.StreamIdentifier();
  identifier.setStreamName(Buffer.from(record.stream, 'utf8').toString('base64'));
  own.setStreamIdentifier(identifier);
  own.setId(uuidOf(record.id, options.getUuidOption()?.hasStructured() === true));
  own.setStreamRevision(String(record.revision));
  own.setCommitPosition(String(record.commit));
  own.setPreparePosition(String(record.prepare));
  own.setData(Buffer.from(record.data).toString('base64'));
  own.getMetadataMap().set('type', record.type);
  own.getMetadataMap().set('content-type', record.contentType);
  own.getMetadataMap().set('created', String(BigInt(record.createdMs) * TICKS_PER_MS));
  const event = new streamsPb.ReadResp.ReadEvent();
  event.setEvent(own);
  event.setCommitPosition(String(record.commit));
  const response = new streamsPb.ReadResp();
  response.setEvent(event);
  return response;
}

function uuidOf(id: string, isStructured: boolean) {
  const uuid = new sharedPb.UUID();
  if (!isStructured) {
    uuid.setString(id);
    return uuid;
  }
  const hex = id.replaceAll('-', '');
  const structured = new sharedPb.UUID.Structured();
  structured.setMostSignificantBits(String(BigInt.asIntN(64, BigInt(`0x${hex.slice(0, 16)}`))));
  structured.setLeastSignificantBits(String(BigInt.asIntN(64, BigInt(`0x${hex.slice(16)}`))));
  uuid.setStructured(structured);
  return uuid;
}

function notFound(options: Options): ReadResp {
  const missing = new streamsPb.ReadResp.StreamNotFound();
  missing.setStreamIdentifier(options.getStream()?.getStreamIdentifier());
  const response = new streamsPb.ReadResp();
  response.setStreamNotFound(missing);
  return response;
}

function caughtUp(log: DoubleLog): ReadResp {
  const place = new streamsPb.ReadResp.Position();
  place.setCommitPosition(String(log.end()));
  place.setPreparePosition(String(log.end()));
  const timestamp = new timestampPb.Timestamp();
  timestamp.fromDate(new Date());
  const news = new streamsPb.ReadResp.CaughtUp();
  news.setTimestamp(timestamp);
  news.setPosition(place);
  const response = new streamsPb.ReadResp();
  response.setCaughtUp(news);
  return response;
}

export const isSubscription = (options: Options): boolean =>
  options.getCountOptionCase() === CountOptionCase.SUBSCRIPTION;
