import { Server, ServerCredentials, type Metadata, type ServiceError } from '@grpc/grpc-js';
import type { ServerUnaryCall, ServerReadableStream, sendUnaryData } from '@grpc/grpc-js';
import featuresGrpc from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_grpc_pb.js';
import featuresPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_pb.js';
import gossipGrpc from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_grpc_pb.js';
import gossipPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_pb.js';
import streamsGrpc from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js';
import sharedPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import type { ReadReq } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import appendGrpc from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/streams/streams_grpc_pb.js';
import appendPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/streams/streams_pb.js';
import type {
  AppendRecordsRequest,
  AppendRecordsResponse,
  AppendRequest,
  AppendSessionResponse,
} from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/streams/streams_pb.js';
import { APPEND_BYTES_MAX, recordsOf, Rejected, sessionOf, type ProposedAppend } from './double-append.js';
import { consistencyViolation, denied, deniedByTrailer, invalid, notLeader, unmapped } from './double-errors.js';
import { notLeaderByTrailer, revisionConflict, unavailable, type Endpoint } from './double-errors.js';
import { DoubleLog, type AppendDecision } from './double-log.js';
import { isSubscription, read, subscribe, type ReadCall } from './double-read.js';

/** Fate of an append: written and answered; written without an answer; written, then the connection breaks; neither. */
export type Fate = 'answer' | 'written-in-silence' | 'written-and-cut' | 'lost-in-silence' | 'lost-and-cut';

export interface DoubleOptions {
  readonly version?: string;
  /** Methods that it reports to clients. */
  readonly offers?: 'appendRecords' | 'appendSession' | 'neither';
  readonly nodes?: number;
  readonly appendBytesMax?: number;
}

interface Node {
  readonly server: Server;
  readonly endpoint: Endpoint;
}

/**
 * NOT A KURRENTDB: a double that speaks its protocol over real gRPC, for tests without a server. It keeps everything in memory, serves
 * only the calls that the event store makes, and checks its input as strictly as the server does. Nodes share one log; the consensus of
 * a cluster is not part of it.
 */
export class KurrentDouble {
  log = new DoubleLog();
  /** Called for every append, in the order of arrival; by default all are answered. */
  fate: () => Fate = () => 'answer';
  /** Calls that are refused for missing rights. */
  deny: 'nothing' | 'reads' | 'appends' = 'nothing';
  /** Number of appends received, refused ones included. */
  appends = 0;
  private readonly subscriptions = new Set<ReadCall>();
  private readonly nodes: Node[] = [];
  private leader = 0;

  private constructor(private readonly options: Required<DoubleOptions>) {}

  static async start(options: DoubleOptions = {}): Promise<KurrentDouble> {
    const { version = '26.1.0', offers = 'appendRecords', nodes = 1, appendBytesMax = APPEND_BYTES_MAX } = options;
    const double = new KurrentDouble({ version, offers, nodes, appendBytesMax });
    for (let count = 0; count < nodes; count += 1) await double.startNode();
    return double;
  }

  /** The URL of a ledger on it. */
  url(ledger: string): string {
    const hosts = this.nodes.map(({ endpoint }) => `${endpoint.host}:${endpoint.port}`);
    return `kurrentdb://${hosts.join(',')}/${ledger}?tls=false&defaultDeadline=1500`;
  }

  /** Removes all records, like a new server. */
  empty(): void {
    this.log = new DoubleLog();
  }

  electLeader(node: number): void {
    this.leader = node;
    // A client that requires the leader gets the address of the new leader.
    for (const call of this.subscriptions) this.end(call, notLeaderByTrailer(this.leaderEndpoint()));
  }

  dropSubscriptions(): void {
    for (const call of this.subscriptions) this.end(call, unavailable('The subscription was dropped.'));
  }

  async stop(): Promise<void> {
    for (const { server } of this.nodes) server.forceShutdown();
  }

  private async startNode(): Promise<void> {
    const server = new Server({ 'grpc.max_receive_message_length': -1 });
    const index = this.nodes.length;
    server.addService(featuresGrpc.ServerFeaturesService, {
      getSupportedMethods: (_call: unknown, reply: sendUnaryData<unknown>) => reply(null, this.features()),
    });
    server.addService(gossipGrpc.GossipService, {
      read: (_call: unknown, reply: sendUnaryData<unknown>) => reply(null, this.members()),
    });
    server.addService(streamsGrpc.StreamsService, { read: (call: ReadCall) => this.read(call, index) } as never);
    server.addService(appendGrpc.StreamsServiceService, {
      appendSession: (call: SessionCall, reply: sendUnaryData<AppendSessionResponse>) =>
        this.appendSession(call, reply, index),
      appendRecords: (call: RecordsCall, reply: sendUnaryData<AppendRecordsResponse>) =>
        this.appendRecords(call, reply, index),
    } as never);
    const port = await new Promise<number>((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure();
      server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    this.nodes.push({ server, endpoint: { host: '127.0.0.1', port } });
  }

  private features() {
    const answer = new featuresPb.SupportedMethods();
    answer.setEventStoreServerVersion(this.options.version);
    const offered = {
      appendRecords: ['AppendSession', 'AppendRecords'],
      appendSession: ['AppendSession'],
      neither: [],
    };
    const methods = [
      ['event_store.client.streams.Streams', 'read'],
      ...offered[this.options.offers].map((method) => ['kurrentdb.protocol.v2.streams.StreamsService', method]),
    ] as const;
    for (const [service = '', name = ''] of methods) {
      const method = new featuresPb.SupportedMethod();
      method.setServiceName(service.toLowerCase());
      method.setMethodName(name.toLowerCase());
      answer.addMethods(method);
    }
    return answer;
  }

  private members() {
    const answer = new gossipPb.ClusterInfo();
    for (const [index, { endpoint }] of this.nodes.entries()) {
      const own = new gossipPb.EndPoint();
      own.setAddress(endpoint.host);
      own.setPort(endpoint.port);
      const id = new sharedPb.UUID();
      id.setString(`00000000-0000-4000-8000-00000000000${index}`);
      const member = new gossipPb.MemberInfo();
      const { LEADER, FOLLOWER } = gossipPb.MemberInfo.VNodeState;
      member.setInstanceId(id);
      member.setState(index === this.leader ? LEADER : FOLLOWER);
      member.setIsAlive(true);
      member.setHttpEndPoint(own);
      answer.addMembers(member);
    }
    return answer;
  }

  private leaderEndpoint(): Endpoint {
    return this.nodes[this.leader]?.endpoint ?? { host: '127.0.0.1', port: 0 };
  }

  private read(call: ReadCall, node: number): void {
    const options = call.request.getOptions();
    const mustLead = call.metadata.get('requires-leader')[0] === 'true';
    if (this.deny === 'reads') this.end(call, deniedByTrailer());
    else if (mustLead && node !== this.leader) this.end(call, notLeaderByTrailer(this.leaderEndpoint()));
    else this.orEnd(call, () => this.serveRead(call, options));
  }

  private serveRead(call: ReadCall, options: ReadReq.Options | undefined): void {
    if (!options) throw new Rejected(invalid('A read has no options.'));
    if (isSubscription(options)) {
      this.subscriptions.add(call);
      call.on('close', () => this.subscriptions.delete(call));
      call.on('cancelled', () => this.subscriptions.delete(call));
      subscribe(this.log, call, options);
      return;
    }
    for (const response of read(this.log, options)) call.write(response);
    call.end();
  }

  private orEnd(call: ReadCall, serve: () => void): void {
    try {
      serve();
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      this.end(call, error.status);
    }
  }

  private end(call: ReadCall, error: ServiceError): void {
    this.subscriptions.delete(call);
    // The way to send a status in this library: a destroyed stream sends none.
    call.emit('error', error);
  }

  private appendSession(call: SessionCall, reply: sendUnaryData<AppendSessionResponse>, node: number): void {
    const requests: AppendRequest[] = [];
    call.on('data', (request: AppendRequest) => requests.push(request));
    call.on('end', () => {
      const session = (): ProposedAppend => sessionOf(requests, this.options.appendBytesMax);
      this.append(call.metadata, node, session, reply, (decision) => {
        if (decision.kind === 'refused') return this.conflictOf(decision);
        const answer = new appendPb.AppendSessionResponse();
        answer.setPosition(String(decision.commit));
        for (const [stream, revision] of decision.revisions) {
          const output = new appendPb.AppendResponse();
          output.setStream(stream);
          output.setStreamRevision(String(revision));
          answer.addOutput(output);
        }
        return answer;
      });
    });
  }

  /** Up to 25.1 the server does not name the streams of a mixed repetition, and its second protocol has no words for that. */
  private conflictOf({ mixed, conflicts: [first] }: Extract<AppendDecision, { kind: 'refused' }>): ServiceError {
    return !first || (mixed && this.options.version.startsWith('25.')) ? unmapped() : revisionConflict(first);
  }

  private appendRecords(call: RecordsCall, reply: sendUnaryData<AppendRecordsResponse>, node: number): void {
    const records = (): ProposedAppend => recordsOf(call.request, this.options.appendBytesMax);
    this.append(call.metadata, node, records, reply, (decision) => {
      if (decision.kind === 'refused') return consistencyViolation(decision.conflicts);
      const answer = new appendPb.AppendRecordsResponse();
      answer.setPosition(String(decision.commit));
      for (const [stream, revision] of decision.revisions) {
        const own = new appendPb.StreamRevision();
        own.setStream(stream);
        own.setRevision(String(revision));
        answer.addRevisions(own);
      }
      return answer;
    });
  }

  private append<T extends object>(
    metadata: Metadata,
    node: number,
    proposed: () => ProposedAppend,
    reply: sendUnaryData<T>,
    answer: (decision: AnsweredDecision) => T | ServiceError,
  ): void {
    this.appends += 1;
    if (metadata.get('connection-name').length !== 1) return reply(invalid('There is no name of the connection.'));
    if (this.deny === 'appends') return reply(denied());
    if (node !== this.leader) return reply(notLeader(this.leaderEndpoint()));
    try {
      const { records, expectations } = proposed();
      const fate = this.fate();
      if (fate === 'lost-in-silence') return;
      if (fate === 'lost-and-cut') return reply(unavailable('The connection was lost.'));
      const decision = this.log.append(records, expectations);
      // The leader answers when the records are replicated.
      if (decision.kind === 'dropped' || (decision.kind === 'written' && this.log.isHeld)) return;
      const result = answer(decision);
      if (fate === 'written-in-silence') return;
      if (fate === 'written-and-cut') return reply(unavailable('The connection was lost.'));
      if (result instanceof Error) reply(result);
      else reply(null, result);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      reply(error.status);
    }
  }
}

type AnsweredDecision = Exclude<AppendDecision, { kind: 'dropped' }>;
type SessionCall = ServerReadableStream<AppendRequest, AppendSessionResponse>;
type RecordsCall = ServerUnaryCall<AppendRecordsRequest, AppendRecordsResponse>;
