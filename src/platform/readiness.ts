import { PROBE_MS_MAX, inTime } from './in-time.js';

/** An instance with a view or a log that is further behind than this is not ready: its answers do not show the present. */
const LAG_EVENTS_MAX = 50_000;

/** Probes that ask while a report is made share it, so that they cannot pile up; after this time a new one is begun. */
const SHARED_MS_MAX = 5_000;
/** A report that is done is given to those who ask so soon after: the route is public, and a report asks the database. */
const KEPT_MS = 250;

/** Lists of `/readyz` that parts of the service add to, and the one object that describes the log. */
const EMPTY = { projections: [] as readonly object[], log: null as object | null, witnesses: [] as readonly object[] };
export type ReadinessMember = keyof typeof EMPTY;

/** The report of one part of the service. */
export interface PartStatus<Member extends ReadinessMember> {
  /** Members that are added to the member of the answer. */
  readonly shown: (typeof EMPTY)[Member];
  /** Reason why the service is not ready; undefined while this part is ready. */
  readonly reason?: string | undefined;
}

/** @param head last position of the history; the part compares its own position with it. */
type ReadPart<Member extends ReadinessMember> = (head: number) => PartStatus<Member> | Promise<PartStatus<Member>>;

/** Body of the answer to `GET /readyz`. */
export type ReadinessReport = typeof EMPTY & {
  readonly status: 'ok' | 'unready';
  readonly position: number | null;
  /** The first of the reasons, in the order of the members. */
  readonly reason?: string;
};

/**
 * Collects the state of every part of the service. Each module registers its part, so that the probe depends on no
 * feature and asks only the modules that are present.
 */
export class Readiness {
  private readonly parts: { [Member in ReadinessMember]: ReadPart<Member>[] } = {
    projections: [],
    log: [],
    witnesses: [],
  };
  private readonly obstacles: (() => string | undefined | Promise<string | undefined>)[] = [];
  private latest: { readonly report: Promise<ReadinessReport>; readonly until: number } | undefined;

  /** Adds a reason why the service may be unready that has no member of its own in the answer. */
  watch(obstacle: () => string | undefined | Promise<string | undefined>): void {
    this.obstacles.push(obstacle);
  }

  register<Member extends ReadinessMember>(member: Member, read: ReadPart<Member>): void {
    this.parts[member].push(read);
  }

  /**
   * Answers within a second, whatever the database does.
   * @param history the event store: its last position, and the reason why it cannot be written to.
   */
  async report(history: History): Promise<ReadinessReport> {
    const now = performance.now();
    if (!this.latest || now > this.latest.until) {
      const report = this.make(history).finally(() => {
        if (this.latest?.report === report) this.latest = { report, until: performance.now() + KEPT_MS };
      });
      this.latest = { report, until: now + SHARED_MS_MAX };
    }
    return (
      (await inTime(this.latest.report)) ?? unknownBecause(`the database does not answer within ${PROBE_MS_MAX} ms.`)
    );
  }

  private async make(history: History): Promise<ReadinessReport> {
    try {
      const position = await history.head();
      const [obstacles, projections, logs, witnesses] = await Promise.all([
        Promise.all(this.obstacles.map((read) => read())),
        Promise.all(this.parts.projections.map((read) => read(position))),
        Promise.all(this.parts.log.map((read) => read(position))),
        Promise.all(this.parts.witnesses.map((read) => read(position))),
      ]);
      const reasons = [
        history.failure,
        ...obstacles,
        ...[...projections, ...logs, ...witnesses].map(({ reason }) => reason),
      ];
      const reason = reasons.find((each) => each !== undefined);
      return {
        status: reason === undefined ? 'ok' : 'unready',
        position,
        projections: projections.flatMap(({ shown }) => shown),
        log: logs.at(-1)?.shown ?? EMPTY.log,
        witnesses: witnesses.flatMap(({ shown }) => shown),
        ...(reason !== undefined && { reason }),
      };
    } catch {
      return unknownBecause('the database does not answer.');
    }
  }
}

interface History {
  head(): Promise<number>;
  readonly failure?: string | undefined;
}

const unknownBecause = (reason: string): ReadinessReport => ({
  ...EMPTY,
  status: 'unready',
  position: null,
  reason: `Unknown: ${reason}`,
});

/** A view of the history: its rows, or the state of a report. */
export interface ViewStatus {
  readonly name: string;
  readonly position: number;
  readonly failure?: string;
}

/** The part of one or more views. */
export function viewsPart(views: readonly ViewStatus[], head: number): PartStatus<'projections'> {
  const unready = views.find(({ failure, position }) => failure !== undefined || isLate(position, head));
  return {
    shown: views.map((view) => ({ ...view, lagEvents: Math.max(0, head - view.position) })),
    reason: unready && (unready.failure ?? `The view "${unready.name}" is still following the log.`),
  };
}

/** The part of the signed log. */
export function logPart(log: { readonly size: number; readonly failure?: string }, head: number): PartStatus<'log'> {
  return { shown: { ...log, lagEvents: Math.max(0, head - log.size) }, reason: logReason(log, head) };
}

function logReason({ size, failure }: Parameters<typeof logPart>[0], head: number): string | undefined {
  if (failure !== undefined) return `The transparency log is not being signed: ${failure}`;
  return isLate(size, head) ? 'The transparency log is still being built.' : undefined;
}

const isLate = (position: number, head: number): boolean => head - position > LAG_EVENTS_MAX;
