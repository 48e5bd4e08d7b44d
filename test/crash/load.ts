import { setTimeout as sleep } from 'node:timers/promises';
import { PROGRAMME_ACTOR } from '../../src/ledger/command-context.js';
import { derivedId } from '../../src/ledger/identifiers.js';
import type { SimulatedWorld } from '../support/simulated-world.js';

const CLIENTS = 16;
/** Longer than the time after which the service reports that it cannot reach its database. */
const ANSWER_MS_MAX = 60_000;
/** Pause between two tries of the same command. */
/** A command with its answer that no retry will change. */
interface Final {
  readonly key: string;
  readonly path: string;
  /** Whose the key is. */
  readonly scope: string;
  readonly status: number;
  readonly text: string;
}

const RETRY_MS = 60;
const HOUR_MS = 3_600_000;
const GRANT_START = Date.parse('2026-02-01T00:00:00Z');
const GRANT_HOURS = 6_000;
const CHIPS = 1_000_000;

/** The final answer to a command. */
export interface Heard {
  readonly commandId: string;
  /** The path of the request, for messages and for counting. */
  readonly path: string;
  readonly status: number;
  /** The body without the members that differ from answer to answer. */
  readonly text: string;
}

interface Command {
  readonly key: string;
  readonly path: string;
  readonly body: object;
  readonly credential: string;
}

interface Answered extends Record<string, unknown> {
  readonly id: string;
}

/**
 * Ordinary clients: each sends a sequence of several commands, and repeats a command, under its key, until it has an answer. Now and
 * then a client repeats a command that it has an answer to.
 */
export class Load {
  /** Final answers by key. */
  readonly heard = new Map<string, Heard>();
  readonly retries = new Map<string, number>();
  replayed = 0;
  usageChipHours = 0;
  private readonly keys: string[] = [];
  private readonly sent = new Map<string, Command>();
  private ground: Ground | undefined;
  private made = 0;
  private working = false;
  private clients: Promise<void>[] = [];
  private failure: unknown;

  constructor(
    private readonly url: string,
    private readonly operatorKey: string,
    private readonly chance: SimulatedWorld,
  ) {}

  begin(): void {
    this.working = true;
    this.clients = Array.from({ length: CLIENTS }, () => this.client());
  }

  /** Resolves when every command that was sent has been answered. */
  async settle(): Promise<void> {
    this.working = false;
    await Promise.all(this.clients);
    if (this.failure !== undefined) throw this.failure;
  }

  requireHealthy(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** Records the things that all other commands need: partners, a fund, a facility with chips, a call. */
  async prepare(): Promise<void> {
    const state = await this.post('/v1/partners', partnerBody('Kingdom of Sweden', 'member-state'));
    const applicant = await this.post('/v1/partners', partnerBody('Nordlys Materials AB', 'company'));
    await this.post(`/v1/partners/${applicant.id}/classifications`, {
      ...{ category: 'start-up', basis: 'GBER Art. 22(2)', evidenceRef: 'register extract 17' },
      effectiveFrom: '2026-01-01',
    });
    const fund = await this.post('/v1/funds', {
      ...{ name: 'Fund', currency: 'EUR', targetMinor: '900000000000000', financesGigafactories: false },
    });
    const tranche = await this.post(`/v1/funds/${fund.id}/tranches`, {
      ...{ rank: 1, kind: 'first-loss', capMinor: '900000000000000' },
    });
    const facility = await this.post('/v1/facilities', { name: 'North', country: 'SE', kind: 'ai-factory' });
    await this.post(`/v1/facilities/${facility.id}/capacity`, {
      ...{ chipModel: 'gb300', chips: CHIPS, effectiveFrom: '2026-01-01' },
    });
    const call = await this.post('/v1/access-calls', {
      ...{ facilityId: facility.id, mode: 'regular', title: 'Call', chipHours: 100_000_000_000 },
      ...{ opensAt: '2026-01-01T00:00:00Z', closesAt: '2199-01-01T00:00:00Z' },
    });
    const panel = await this.post('/v1/api-keys', { name: 'Panel', roles: ['panel'] });
    this.ground = {
      stateId: state.id,
      applicantId: applicant.id,
      fundId: fund.id,
      trancheId: String(tranche['trancheId']),
      facilityId: facility.id,
      callId: call.id,
      panel: String(panel['key']),
    };
  }

  private async client(): Promise<void> {
    try {
      while (this.working) await this.story();
    } catch (error) {
      this.failure ??= error;
      this.working = false;
    }
  }

  private async story(): Promise<void> {
    const { ground, chance } = this;
    if (!ground) throw new Error('prepare() comes first.');
    const dice = chance.random();
    if (dice < 0.15) await this.partnerStory();
    else if (dice < 0.35) await this.commitmentStory(ground);
    else if (dice < 0.9) await this.accessStory(ground);
    else await this.askAgain();
  }

  private async partnerStory(): Promise<void> {
    const partner = await this.post('/v1/partners', partnerBody(`Partner ${this.made}`, 'company'));
    if (!this.working || this.chance.chance(0.5)) return;
    await this.post(`/v1/partners/${partner.id}/classifications`, {
      ...{ category: 'research', basis: 'statutes', evidenceRef: 'extract', effectiveFrom: '2026-01-01' },
    });
    if (this.chance.chance(0.3)) await this.readBack(`/v1/partners/${partner.id}`, Number(partner['position']) + 1);
  }

  private async commitmentStory({ fundId, trancheId, stateId }: Ground): Promise<void> {
    const amountMinor = String(this.chance.integer(1, 1_000_000));
    const commitment = await this.post('/v1/commitments', {
      ...{ fundId, trancheId, partnerId: stateId, amountMinor, currency: 'EUR', kind: 'capex' },
    });
    if (!this.working) return;
    await this.post(`/v1/commitments/${commitment.id}/signature`, { signedOn: '2026-02-02' });
    if (!this.working) return;
    // A rule refuses it for good, because the commitment is signed.
    if (this.chance.chance(0.2)) {
      await this.post(`/v1/commitments/${commitment.id}/signature`, { signedOn: '2026-02-03' });
    }
  }

  private async accessStory({ callId, applicantId, facilityId, panel }: Ground): Promise<void> {
    const { chance } = this;
    const request = await this.post('/v1/access-requests', {
      ...{ callId, partnerId: applicantId, chipHours: 10_000, sector: 'materials' },
      purpose: `Train model ${this.made}.`,
    });
    if (!this.working) return;
    const decision = {
      ...{
        outcome: 'granted',
        chipHours: 10_000,
        priceBasis: 'free',
        freeReason: 'sme-innovation',
        reasonCodes: ['merit'],
      },
      ...{ validFrom: hour(0), validTo: hour(GRANT_HOURS) },
    };
    await this.post(`/v1/access-requests/${request.id}/decision`, decision, panel);
    for (let allocations = chance.integer(0, 3); this.working && allocations > 0; allocations -= 1) {
      const start = chance.integer(0, GRANT_HOURS - 10);
      const chips = chance.integer(1, 10);
      const allocation = await this.post(`/v1/facilities/${facilityId}/allocations`, {
        ...{ grantId: request.id, chipModel: 'gb300', chips, from: hour(start), to: hour(start + 2) },
      });
      if (!this.working) return;
      const usage = { allocationId: allocation['allocationId'], from: hour(start), to: hour(start + 1), chipHours: 1 };
      const reported = await this.post('/v1/usage', { records: [usage] });
      if (reported['position'] !== undefined) this.usageChipHours += 1;
    }
  }

  /** A repeated command must get the same answer as before. */
  private async askAgain(): Promise<void> {
    const key = this.keys[this.chance.integer(0, this.keys.length - 1)];
    const command = key === undefined ? undefined : this.sent.get(key);
    if (command) await this.insist(command);
    this.replayed += 1;
  }

  /** Every answer names the position that it reflects. A read that waits for this position must show the recorded command. */
  private async readBack(path: string, position: number): Promise<void> {
    for (;;) {
      const response = await this.fetch(`${path}?minPosition=${position}`, {
        headers: { authorization: `Bearer ${this.operatorKey}` },
      });
      if (response?.status === 200) {
        const reflected = Number(response.headers.get('ledger-position'));
        if (reflected < position) throw new Error(`${path} shows position ${reflected} when asked for ${position}.`);
        return;
      }
      // After a crash the service may derive rows again from the events, so that they are behind for a moment.
      if (response && response.status !== 503) throw new Error(`${path}: ${response.status} ${response.text}`);
      await sleep(RETRY_MS);
    }
  }

  private post(path: string, body: object, credential = this.operatorKey): Promise<Answered> {
    const key = `crash-${(this.made += 1)}`;
    this.keys.push(key);
    const command = { key, path, body, credential };
    this.sent.set(key, command);
    return this.insist(command);
  }

  private async insist({ key, path, body, credential }: Command): Promise<Answered> {
    for (;;) {
      const response = await this.fetch(path, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${credential}`,
          'content-type': 'application/json',
          'idempotency-key': key,
        },
        body: JSON.stringify(body),
      });
      if (response && isFinal(response)) return this.note({ key, path, scope: this.scopeOf(credential), ...response });
      await sleep(RETRY_MS);
    }
  }

  /** A key of the programme belongs to its set of roles; that of the operator to the programme as a whole. */
  private scopeOf(credential: string): string {
    return credential === this.ground?.panel ? `${PROGRAMME_ACTOR} panel` : PROGRAMME_ACTOR;
  }

  private note({ key, path, scope, status, text }: Final): Answered {
    const known = this.heard.get(key);
    if (known && (known.status !== status || withoutSecret(known.text) !== withoutSecret(text))) {
      throw new Error(`${key} ${path} was answered ${known.status} ${known.text}, and then ${status} ${text}.`);
    }
    if (status !== 409 && status >= 300) throw new Error(`${key} ${path}: ${status} ${text}`);
    if (!known) this.heard.set(key, { commandId: derivedId('command', scope, key), path, status, text });
    return JSON.parse(text) as Answered;
  }

  /** Undefined when the connection was lost, or when the service did not run. */
  private async fetch(path: string, init: RequestInit): Promise<Response | undefined> {
    try {
      const response = await fetch(this.url + path, { ...init, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
      const { status, headers } = response;
      const text = await response.text();
      if (status === 503) {
        if (headers.get('retry-after') === null) throw new Error(`${path}: 503 without Retry-After.`);
        this.count(`503 ${(JSON.parse(text) as { code: string }).code}`);
      }
      return { status, headers, text };
    } catch (error) {
      if (!(error instanceof Error) || error.message.includes('Retry-After')) throw error;
      // The client knows only that the answer did not arrive.
      if (error.name === 'TimeoutError') throw new Error(`${path} was not answered.`, { cause: error });
      this.count('connection lost');
      return undefined;
    }
  }

  private count(reason: string): void {
    this.retries.set(reason, (this.retries.get(reason) ?? 0) + 1);
  }
}

interface Ground {
  readonly stateId: string;
  readonly applicantId: string;
  readonly fundId: string;
  readonly trancheId: string;
  readonly facilityId: string;
  readonly callId: string;
  readonly panel: string;
}

interface Response {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const isFinal = ({ status, text }: Response): boolean =>
  status !== 503 && !(status === 409 && text.includes('"command-in-progress"'));

/** The secret of a new key is shown once: a replayed answer does not have it. */
const withoutSecret = (text: string): string => text.replace(/"key":(null|"ppp_[^"]*")/, '"key":null');

const hour = (index: number): string => new Date(GRANT_START + index * HOUR_MS).toISOString().replace('.000Z', 'Z');

const partnerBody = (legalName: string, legalForm: string): object => ({ legalName, country: 'SE', legalForm });
