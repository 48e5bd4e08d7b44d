import { createHash } from 'node:crypto';
import type { Type } from '@nestjs/common';
import { AccessCallController } from '../../src/access/access-call.controller.js';
import { AccessRequestController } from '../../src/access/access-request.controller.js';
import { AllocationController } from '../../src/access/allocation.controller.js';
import { GrantController } from '../../src/access/grant.controller.js';
import { SubmitAccessRequest } from '../../src/access/access-request.commands.js';
import { ReportUsage } from '../../src/access/usage.commands.js';
import { PledgeCommitment } from '../../src/capital/commitment.commands.js';
import { UsageController } from '../../src/access/usage.controller.js';
import { AGGREGATES } from '../../src/aggregates.js';
import { openLog } from '../../src/audit/audit-log.js';
import { replay } from '../../src/audit/audit-replay.js';
import { CommitmentController } from '../../src/capital/commitment.controller.js';
import { FundController } from '../../src/capital/fund.controller.js';
import { FacilityController } from '../../src/compute/facility.controller.js';
import { PoolController } from '../../src/compute/pool.controller.js';
import { SubmitYear } from '../../src/compute/yearly-submission.commands.js';
import { YearlySubmissionController } from '../../src/compute/yearly-submission.controller.js';
import { ErasePersonalData } from '../../src/erasure/erasure.commands.js';
import { ErasureController } from '../../src/erasure/erasure.controller.js';
import { PolicyController } from '../../src/governance/policy.controller.js';
import { ACCESS, type CommandAccess } from '../../src/http/route-access.js';
import { ApiKeyController } from '../../src/identity/api-key.controller.js';
import type { Answer, Role } from '../../src/ledger/command-context.js';
import type { Decide } from '../../src/ledger/command-group.js';
import type { Envelope } from '../../src/ledger/event.js';
import { EventReader } from '../../src/ledger/event-reader.js';
import { derivedId } from '../../src/ledger/identifiers.js';
import type { LedgerCommandHandler, RoutedCommand } from '../../src/ledger/ledger-command.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { Notifier } from '../../src/ledger/notifier.js';
import { Vault } from '../../src/ledger/vault.js';
import { PartnerController } from '../../src/partners/partner.controller.js';
import { streamLines } from '../../src/transparency/publication/publication-text.js';
import { attestation, attestReplay } from '../../src/transparency/events/attestation.js';
import { REPORT_KINDS, type PublishedFacts, type ReportKind } from '../../src/transparency/events/publication.js';
import { PublishReport } from '../../src/transparency/publication/report-publication.commands.js';
import { ReportPublicationController } from '../../src/transparency/publication/report-publication.controller.js';
import { LOG_KEY, signedLog } from '../audit/written-log.js';
import { noteKeyOf } from '../../src/tlog/note-key.js';
import { SimulatedLog, SimulatedStore } from '../support/simulated-store.js';

const CONTROLLERS: readonly Type[] = [
  AccessCallController,
  AccessRequestController,
  AllocationController,
  ApiKeyController,
  CommitmentController,
  ErasureController,
  FacilityController,
  FundController,
  GrantController,
  PartnerController,
  PolicyController,
  PoolController,
  ReportPublicationController,
  UsageController,
  YearlySubmissionController,
];

interface Route {
  readonly pattern: RegExp;
  readonly command: RoutedCommand;
}

export interface Sender {
  readonly actorId: string;
  readonly role: Role;
}

export const OPERATOR: Sender = { actorId: 'programme', role: 'operator' };

/** Commands by path through the decisions of the product, into a log in memory: no database, no HTTP, no clock of the machine. */
export class MemoryLedger {
  private readonly log = new SimulatedLog();
  private readonly ledger: Ledger;
  private readonly routes = CONTROLLERS.flatMap(routesOf);
  private sent = 0;

  /** @param nowMs the clock: the caller moves it */
  constructor(public nowMs: number) {
    const clock = (): number => this.nowMs;
    const newKey = (eventId: string): Buffer => createHash('sha256').update(eventId).digest();
    this.ledger = new Ledger(
      new SimulatedStore(this.log, clock),
      new EventReader(AGGREGATES),
      new Vault(Buffer.alloc(32, 7), newKey),
      new Notifier(),
      { clock },
    );
  }

  get envelopes(): readonly Envelope[] {
    return this.log.events.map(({ envelope }) => JSON.parse(envelope) as Envelope);
  }

  /** @throws Refusal as the route does */
  async post(path: string, body: object, { actorId, role }: Sender = OPERATOR): Promise<Answer> {
    const [command, params] = this.routeOf(path);
    const handler = command.provider.useFactory(
      this.ledger,
      this.serviceOf(command),
    ) as unknown as LedgerCommandHandler<object>;
    const { decide } = await handler.prepare({ ...params, body }, { actorId, roles: [role] });
    return this.execute({ actorId, role }, decide);
  }

  private execute({ actorId, role }: Sender, decide: Decide): Promise<Answer> {
    const name = String((this.sent += 1));
    return this.ledger.execute(
      {
        principal: { actorId, roles: [role] },
        role,
        commandId: derivedId('forge', name),
        fingerprint: `fingerprint of ${name}`,
        correlationId: derivedId('forge correlation', name),
      },
      decide,
    );
  }

  /** The attestation of the service, as it makes it after a check. */
  async attest(): Promise<void> {
    const made = await Promise.all(REPORT_KINDS.map(async (kind) => ({ kind, ...(await this.factsOf(kind)) })));
    const { position, root, methodVersion } = made[0] as (typeof made)[number];
    const reports = made.map(({ kind, byteCount, sha256 }) => ({ kind, byteCount, sha256 }));
    const views = [{ view: 'partners', version: 1, position, rows: 7, sha256: createHash('sha256').digest('hex') }];
    await this.execute(OPERATOR, (tx) => {
      const id = tx.newId();
      tx.create(attestation, id);
      tx.append(attestation, id, attestReplay({ position, root, methodVersion, views, reports }));
    });
  }

  private routeOf(path: string): [RoutedCommand, object] {
    for (const { pattern, command } of this.routes) {
      const found = pattern.exec(path);
      if (found) return [command, found.groups ?? {}];
    }
    throw new Error(`No command has the path ${path}.`);
  }

  /** What a command looks up before its decision, from the log. The service reads the same from its rows. */
  private serviceOf(command: RoutedCommand): unknown {
    switch (command as unknown) {
      case ReportUsage:
        return { facilitiesOf: () => Promise.resolve(this.allocationPlaces()) };
      case ErasePersonalData:
        return { eventIds: (subject: string) => Promise.resolve(this.sealedFor(subject)) };
      case SubmitAccessRequest:
      case PledgeCommitment:
        // The operator sends all commands of the story, and is not bound by a quota.
        return {
          forOwn: (_caller: unknown, _records: unknown, prepare: (open: undefined) => unknown) => prepare(undefined),
        };
      case SubmitYear:
        return { head: () => Promise.resolve(this.log.events.length) };
      case PublishReport:
        return { prepare: (kind: ReportKind) => this.factsOf(kind) };
      default:
        return undefined;
    }
  }

  private allocationPlaces(): Map<string, string> {
    const allocated = this.envelopes.filter(({ type }) => type === 'chips-allocated');
    return new Map(
      allocated.map(({ stream, data }) => [
        (data as { allocationId: string }).allocationId,
        stream.slice('facility-'.length),
      ]),
    );
  }

  private sealedFor(subject: string): string[] {
    return this.envelopes.filter(({ sealed }) => sealed?.subject === subject).map(({ id }) => id);
  }

  private async factsOf(kind: ReportKind): Promise<PublishedFacts> {
    const position = this.log.events.length;
    const source = signedLog(this.log.events.map(({ envelope }) => Buffer.from(envelope)));
    const log = await openLog(source, { key: noteKeyOf(LOG_KEY) });
    const { reports, root, methodVersion } = await replay(log, { position }, { aggregates: AGGREGATES });
    const made = reports.find((report) => report.kind === kind);
    if (!made) throw new Error(`No method makes a report of the kind ${kind}.`);
    const revisions = new Map(this.envelopes.map(({ stream, revision }) => [stream, revision]));
    const lines = [...streamLines(revisions)];
    const streams = { count: lines.length, sha256: createHash('sha256').update(lines.join('')).digest('hex') };
    const byteCount = Buffer.byteLength(made.text);
    return { position, treeSize: position, root, methodVersion, byteCount, sha256: made.sha256, streams };
  }
}

function routesOf(controller: Type): Route[] {
  const base = String(Reflect.getMetadata('path', controller));
  const prototype = controller.prototype as Record<string, unknown>;
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const method = prototype[name];
    if (typeof method !== 'function') return [];
    const access = Reflect.getMetadata(ACCESS, method) as CommandAccess | undefined;
    if (access?.kind !== 'command') return [];
    const path = [base, String(Reflect.getMetadata('path', method))].map((part) => part.replace(/^\/|\/$/g, ''));
    const pattern = path
      .filter((part) => part !== '')
      .join('/')
      .replaceAll(/:(\w+)/g, '(?<$1>[^/]+)');
    return [{ pattern: new RegExp(`^/${pattern}$`), command: access.command }];
  });
}
