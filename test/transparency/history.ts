import type { RecordedEvent } from '../../src/ledger/event.js';
import { MS_PER_DAY, MS_PER_HOUR, formatInstant, parseInstant } from '../../src/ledger/time.js';
import type { AccessRequestEvent, Application } from '../../src/access/access-request.js';
import type { AllocationFacts } from '../../src/compute/facility-events.js';
import type { CommitmentEvent, CommitmentTerms } from '../../src/capital/commitment.js';
import { CATEGORIES } from '../../src/partners/partner.js';
import type { LedgerFact } from '../../src/transparency/events/ledger-event.js';

/** Monday. */
export const BEGIN = '2026-03-02T08:00:00Z';

/** A history in the form in which the ledger would have recorded it: dense positions, time that never goes back. */
export class History {
  readonly events: RecordedEvent[] = [];
  private now = parseInstant(BEGIN);

  get at(): string {
    return formatInstant(this.now);
  }

  wait(ms: number): this {
    this.now += ms;
    return this;
  }

  record(stream: string, event: LedgerFact): this {
    const position = this.events.length + 1;
    const id = `00000000-0000-8000-8000-${String(position).padStart(12, '0')}`;
    const actor = { id: 'operator', role: 'operator' };
    const place = { v: 1 as const, id, stream, revision: 0, schema: 1, commandId: id, correlationId: id };
    this.events.push({ ...place, ...event, position, recordedAt: this.at, actor });
    return this;
  }
}

/** One step of a random history: the kind of the step, the object that it picks, and two numbers that it may use. */
export interface Choice {
  readonly step: number;
  readonly which: number;
  readonly size: number;
  readonly hours: number;
}

export interface RequestModel {
  readonly application: Application;
  status: 'pending' | 'withdrawn' | 'ineligible' | 'denied' | 'granted' | 'revoked';
  chipHours: number;
}
export interface AllocationModel {
  readonly facts: AllocationFacts;
  readonly facilityId: string;
  end: number;
}
export interface CommitmentModel {
  readonly terms: CommitmentTerms;
  pledged: bigint;
  status: 'pledged' | 'signed' | 'cancelled';
  committed: bigint;
  called: bigint;
  paid: bigint;
  distributed: bigint;
  recallable: bigint;
  unfunded: bigint;
}

/** A random history, and a model beside it that keeps every single record. */
export interface RandomHistory {
  readonly history: History;
  readonly requests: readonly RequestModel[];
  readonly allocations: readonly AllocationModel[];
  readonly usedHours: ReadonlyMap<string, number>;
  readonly commitments: readonly CommitmentModel[];
  /** Parent by partner, as acquired. */
  readonly acquirers: ReadonlyMap<string, string>;
}

const FACILITIES = ['helsinki', 'bologna'];
const MODES = ['playground', 'fast-lane', 'large-scale', 'regular'] as const;
const COUNTRIES = ['FI', 'IT', 'GR'];
const TRANCHES = [
  { trancheId: 'bottom', trancheRank: 1, trancheKind: 'first-loss' },
  { trancheId: 'middle', trancheRank: 2, trancheKind: 'mezzanine' },
  { trancheId: 'top', trancheRank: 3, trancheKind: 'senior' },
] as const;
const PARTNER_KINDS = ['union', 'member-state', 'public-bank', 'private'] as const;
const KINDS = ['capex', 'access-time-purchase', 'in-kind'] as const;

export function randomHistory(choices: readonly Choice[]): RandomHistory {
  const builder = new RandomHistoryBuilder();
  for (const choice of choices) builder.step(choice);
  return builder;
}

function pick<T>(from: readonly T[], which: number): T {
  const found = from[which % from.length];
  if (found === undefined) throw new Error('There is nothing to pick from.');
  return found;
}

class RandomHistoryBuilder implements RandomHistory {
  readonly history = new History();
  readonly requests: RequestModel[] = [];
  readonly allocations: AllocationModel[] = [];
  readonly usedHours = new Map<string, number>();
  readonly commitments: CommitmentModel[] = [];
  readonly acquirers = new Map<string, string>();
  private readonly partners: string[] = [];

  constructor() {
    const registered = { country: 'FI', kind: 'ai-gigafactory', capexMinor: '100000', currency: 'EUR' } as const;
    const effectiveFrom = '2026-01-10T12:00:00Z';
    for (const name of FACILITIES) {
      const stream = `facility-${name}`;
      this.history.record(stream, { type: 'facility-registered', data: { ...registered, name } });
      this.history.record(stream, {
        type: 'capacity-installed',
        data: { chipModel: 'h200', chips: 1000, effectiveFrom },
      });
    }
    const fund = { name: 'InvestAI', currency: 'EUR', targetMinor: '1000000' };
    this.history.record('fund-invest', { type: 'fund-established', data: fund });
    for (const { trancheId, trancheRank: rank, trancheKind: kind } of TRANCHES) {
      const data = { trancheId, rank, kind, capMinor: '400000' };
      this.history.record('fund-invest', { type: 'tranche-defined', data });
    }
    for (const [index, mode] of MODES.entries()) this.openCall(mode, index);
    this.registerPartner(0);
  }

  step(choice: Choice): void {
    this.history.wait(choice.hours * MS_PER_HOUR);
    const steps = [
      () => this.registerPartner(choice.which),
      () => this.acquire(choice),
      () => this.submit(choice),
      () => this.submit(choice),
      () => this.submit(choice),
      () => this.decide(choice),
      () => this.decide(choice),
      () => this.decide(choice),
      () => this.revoke(choice),
      () => this.allocate(choice),
      () => this.allocate(choice),
      () => this.release(choice),
      () => this.use(choice),
      () => this.pledge(choice),
      () => this.pledge(choice),
      () => this.moveMoney(choice),
      () => this.moveMoney(choice),
      () => this.govern(choice),
    ];
    pick(steps, choice.step)();
  }

  private openCall(mode: (typeof MODES)[number], index: number): void {
    const opensAt = this.history.at;
    const data = {
      facilityId: pick(FACILITIES, index),
      mode,
      title: mode,
      opensAt,
      closesAt: '2026-09-01T00:00:00Z',
      chipHours: 1,
    };
    this.history.record(`access-call-${mode}`, { type: 'access-call-opened', data });
  }

  private registerPartner(which: number): void {
    const id = `p${this.partners.length}`;
    const stream = `partner-${id}`;
    const profile = { legalName: id, country: pick(COUNTRIES, which), legalForm: 'company' } as const;
    const classification = {
      category: pick(CATEGORIES, which),
      basis: 'b',
      evidenceRef: 'e',
      effectiveFrom: '2026-01-01',
    };
    this.history.record(stream, { type: 'partner-registered', data: profile });
    this.history.record(stream, { type: 'partner-classified', data: classification });
    this.partners.push(id);
  }

  /** Only an earlier partner acquires a later one, so that ownership has no circle. */
  private acquire({ which, size }: Choice): void {
    const index = which % this.partners.length;
    if (index === 0) return;
    const acquirerId = `p${size % index}`;
    this.history.record(`partner-p${index}`, {
      type: 'partner-acquired',
      data: { acquirerId, effectiveFrom: this.history.at.slice(0, 10) },
    });
    this.acquirers.set(`p${index}`, acquirerId);
  }

  private submit({ which, size }: Choice): void {
    const partnerId = pick(this.partners, which);
    const mode = pick(MODES, which + size);
    const application: Application = {
      callId: mode,
      facilityId: pick(FACILITIES, MODES.indexOf(mode)),
      mode,
      partnerId,
      ultimateParentId: partnerId,
      category: pick(CATEGORIES, which * 3 + size),
      country: pick(COUNTRIES, which),
      chipHoursRequested: size + 1,
      submittedAt: this.history.at,
    };
    const stream = `access-request-r${this.requests.length}`;
    const details = { sector: 'health', submittedBy: partnerId, ...(size % 50 === 0 && { illustrative: true }) };
    this.recordRequest(stream, { type: 'access-request-submitted', data: { ...application, ...details } });
    this.requests.push({ application, status: 'pending', chipHours: 0 });
  }

  private recordRequest(stream: string, event: AccessRequestEvent): void {
    this.history.record(stream, event);
  }

  private decide({ which, size }: Choice): void {
    const pending = this.requests.filter(({ status }) => status === 'pending');
    if (pending.length === 0) return;
    const request = pick(pending, which);
    const stream = `access-request-r${this.requests.indexOf(request)}`;
    const { application } = request;
    const at = this.history.at;
    const reasonCodes = ['any'];
    const outcomes = [
      () => this.recordRequest(stream, { type: 'access-request-withdrawn', data: { ...application, withdrawnAt: at } }),
      () =>
        this.recordRequest(stream, {
          type: 'eligibility-refused',
          data: { ...application, reasonCodes, checkedAt: at },
        }),
      () => this.recordRequest(stream, { type: 'access-denied', data: { ...application, reasonCodes, decidedAt: at } }),
      () => {
        request.chipHours = 1 + (size % application.chipHoursRequested);
        const award = {
          chipHours: request.chipHours,
          priceBasis: size % 2 === 0 ? 'free' : 'pay-per-use',
          validFrom: at,
          validTo: at,
        } as const;
        this.recordRequest(stream, {
          type: 'access-granted',
          data: { ...application, ...award, reasonCodes, decidedAt: at },
        });
      },
    ];
    const statuses = ['withdrawn', 'ineligible', 'denied', 'granted'] as const;
    const outcome = Math.min(3, size % 6);
    pick(outcomes, outcome)();
    request.status = pick(statuses, outcome);
  }

  private revoke({ which }: Choice): void {
    const granted = this.requests.filter(({ status }) => status === 'granted');
    if (granted.length === 0) return;
    const request = pick(granted, which);
    const facts = { chipHours: request.chipHours, reasonCodes: ['any'], revokedAt: this.history.at };
    const stream = `access-request-r${this.requests.indexOf(request)}`;
    this.recordRequest(stream, { type: 'grant-revoked', data: { ...request.application, ...facts } });
    request.status = 'revoked';
  }

  private allocate({ which, size, hours }: Choice): void {
    const granted = this.requests.filter(({ status }) => status === 'granted');
    if (granted.length === 0) return;
    const { partnerId, category, country, mode, facilityId } = pick(granted, which).application;
    const from = parseInstant(this.history.at) + size * MS_PER_DAY + hours * 1234;
    const facts: AllocationFacts = {
      allocationId: `a${this.allocations.length}`,
      grantId: 'g',
      partnerId,
      category,
      country,
      mode,
      chipModel: 'h200',
      chips: 1 + (which % 7),
      from: formatInstant(from),
      to: formatInstant(from + (1 + which) * 7 * MS_PER_HOUR + size),
      protection: 'category',
    };
    this.history.record(`facility-${facilityId}`, { type: 'chips-allocated', data: facts });
    this.allocations.push({ facts, facilityId, end: parseInstant(facts.to) });
  }

  private release({ which, size }: Choice): void {
    if (this.allocations.length === 0) return;
    const allocation = pick(this.allocations, which);
    const from = parseInstant(allocation.facts.from);
    const at = from + (size - 10) * MS_PER_HOUR;
    const data = { ...allocation.facts, to: formatInstant(allocation.end), at: formatInstant(at), reason: 'any' };
    this.history.record(`facility-${allocation.facilityId}`, { type: 'allocation-released', data });
    allocation.end = Math.min(allocation.end, Math.max(from, at));
  }

  private use({ which, size }: Choice): void {
    if (this.allocations.length === 0) return;
    const { facts, facilityId } = pick(this.allocations, which);
    const { allocationId, grantId, partnerId, category, country, mode, from, to } = facts;
    const record = { allocationId, grantId, partnerId, category, country, mode, from, to, chipHours: size };
    const records = [record, { ...record, chipHours: 1, flag: 'exceeds-allocation' } as const];
    this.history.record(`usage-${facilityId}`, { type: 'usage-reported', data: { facilityId, records } });
    this.usedHours.set(category, (this.usedHours.get(category) ?? 0) + size + 1);
  }

  private pledge({ which, size }: Choice): void {
    const place = which % 2 === 0 ? {} : { facilityId: pick(FACILITIES, which) };
    const terms: CommitmentTerms = {
      fundId: 'invest',
      ...pick(TRANCHES, size),
      partnerId: 'p0',
      partnerKind: pick(PARTNER_KINDS, which),
      ...place,
      currency: 'EUR',
      kind: pick(KINDS, which + size),
    };
    const amount = BigInt(size + 1) * 100n;
    this.recordMoney(this.commitments.length, {
      type: 'commitment-pledged',
      data: { ...terms, amountMinor: amount.toString() },
    });
    const none = { committed: 0n, called: 0n, paid: 0n, distributed: 0n, recallable: 0n, unfunded: 0n };
    this.commitments.push({ terms, pledged: amount, status: 'pledged', ...none });
  }

  private recordMoney(index: number, event: CommitmentEvent): void {
    this.history.record(`commitment-c${index}`, event);
  }

  private moveMoney({ which, size }: Choice): void {
    const live = this.commitments.filter(({ status }) => status !== 'cancelled');
    if (live.length === 0) return;
    const commitment = pick(live, which);
    const index = this.commitments.indexOf(commitment);
    const { terms } = commitment;
    const on = this.history.at.slice(0, 10);
    if (size % 9 === 8) return this.cancel(commitment, index);
    if (commitment.status === 'pledged') {
      this.recordMoney(index, {
        type: 'commitment-signed',
        data: { ...terms, amountMinor: commitment.pledged.toString(), signedOn: on },
      });
      Object.assign(commitment, { status: 'signed', committed: commitment.pledged, unfunded: commitment.pledged });
      return;
    }
    const part = commitment.unfunded / BigInt(2 + (size % 3));
    const moves = [
      () => {
        const data = {
          ...terms,
          callId: 'call',
          amountMinor: part.toString(),
          issuedOn: on,
          dueOn: on,
          unfundedDeltaMinor: (-part).toString(),
        };
        this.recordMoney(index, { type: 'capital-call-issued', data });
        commitment.called += part;
        commitment.unfunded -= part;
      },
      () => {
        const paid = commitment.called - commitment.paid;
        this.recordMoney(index, {
          type: 'capital-call-paid',
          data: { ...terms, callId: 'call', amountMinor: paid.toString(), paidOn: on },
        });
        commitment.paid += paid;
      },
      () => {
        const data = { ...terms, deltaMinor: '-7', reason: 'any', unfundedDeltaMinor: '-7' };
        this.recordMoney(index, { type: 'commitment-amended', data });
        commitment.committed -= 7n;
        commitment.unfunded -= 7n;
      },
      () => {
        const data = { ...terms, amountMinor: '9', recallableMinor: '4', paidOn: on, unfundedDeltaMinor: '4' };
        this.recordMoney(index, { type: 'distribution-paid', data });
        commitment.distributed += 9n;
        commitment.recallable += 4n;
        commitment.unfunded += 4n;
      },
    ];
    pick(moves, size)();
  }

  private cancel(commitment: CommitmentModel, index: number): void {
    const released = commitment.status === 'signed' ? commitment.unfunded : 0n;
    const data = {
      ...commitment.terms,
      reason: 'any',
      releasedMinor: released.toString(),
      unfundedDeltaMinor: (-released).toString(),
    };
    this.recordMoney(index, { type: 'commitment-cancelled', data });
    commitment.committed -= released;
    commitment.unfunded -= released;
    commitment.status = 'cancelled';
  }

  /** Events that change no sum, or only the interpretation of sums. */
  private govern({ which, size }: Choice): void {
    const effectiveFrom = this.history.at;
    const value = { decidedMin: 1 + (size % 12), flagBelow: 0.8 };
    const data = { policy: 'impact-ratio-minimum', version: 1 + which, value, effectiveFrom, reason: 'any' } as const;
    this.history.record('policy-impact-ratio-minimum', { type: 'policy-adopted', data });
    this.history.record('api-key-k', { type: 'api-key-revoked', data: {} });
  }
}
