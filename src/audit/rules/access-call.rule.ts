import { idOf } from '../../ledger/aggregate.js';
import { recordedSchema } from '../../ledger/event.js';
import type { Findings } from '../audit-finding.js';
import { notCovered, type EventOf } from './coverage.js';
import { Facts, runCheck, type Rule } from './rule.js';
import { Timeline } from './timeline.js';

/** The most chip-hours of a fast-lane request of schema 1. From schema 2 on, the policy access-modes has the limits. */
const FAST_LANE_CHIP_HOURS_MAX = 50_000;

interface Site {
  readonly isGigafactory: boolean;
  readonly hostStatePartnerId?: string;
  /** The signed commitments of the hosting state, less the cancelled ones. */
  hostMinor: bigint;
  /** The same by commitment, for those of money, with the day of the signature if it was stated. */
  readonly financing: Map<string, { readonly amountMinor: bigint; readonly signedOn: string | undefined }>;
}
/** From this schema on what counts is money that was signed by the day on which the call opens. */
const MONEY_SINCE_SCHEMA = 2;
interface Call {
  readonly facilityId: string;
  readonly mode: string;
  readonly opensAt: number;
  readonly closesAt: number;
  readonly chipHours: bigint;
  /** Granted less returned, as the call counts it. */
  grantedChipHours: bigint;
}

/** Calls for access, and whether the call of a request was open. Memory grows with facilities and calls. */
export class AccessCallRule implements Rule<'access-calls'> {
  readonly check = 'access-calls';
  readonly statement =
    'No call opens for a gigafactory before its hosting state has signed money for it; every request answers a call that was ' +
    'open, asks for what the policy on its mode allows, and is for its category; grants have a length of their mode, and no call gives more than it ' +
    'offers (grants of schema 2 on).';
  private readonly sites = new Map<string, Site>();
  private readonly calls = new Map<string, Call>();
  private readonly modes = new Timeline<Facts>();

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'access-calls'>): void {
    runCheck(this.check, this.findings, () => this.apply(event, Facts.of(event)));
  }

  finish(): void {}

  close(): void {}

  private apply(event: EventOf<'access-calls'>, facts: Facts): void {
    const { type, stream } = event;
    switch (type) {
      case 'policy-adopted':
        if (facts.text('policy') !== 'access-modes') return;
        return this.modes.add(new Facts(facts.place, facts.record('value')), facts.instant('effectiveFrom'));
      case 'access-granted':
        // Older grants were not counted on their calls, and had any length.
        return recordedSchema(event) < 2 ? undefined : this.grant(facts);
      case 'facility-registered': {
        const hostStatePartnerId = facts.optional('hostStatePartnerId');
        const isGigafactory = facts.text('kind') === 'ai-gigafactory';
        const financing = new Map<string, { amountMinor: bigint; signedOn: string | undefined }>();
        const site = {
          isGigafactory,
          hostMinor: 0n,
          financing,
          ...(hostStatePartnerId !== undefined && { hostStatePartnerId }),
        };
        this.sites.set(idOf(stream, 'facility'), site);
        return;
      }
      case 'contribution-recorded': {
        const site = this.sites.get(idOf(stream, 'facility'));
        if (site?.hostStatePartnerId === facts.text('partnerId')) contribute(site, facts);
        return;
      }
      case 'access-call-opened':
        return this.open(idOf(stream, 'access-call'), facts, recordedSchema(event) >= MONEY_SINCE_SCHEMA);
      case 'call-hours-granted':
      case 'call-hours-returned':
        return this.count(idOf(stream, 'access-call'), facts, type === 'call-hours-granted' ? 1n : -1n);
      case 'access-request-submitted':
        return this.submit(facts, recordedSchema(event));
      default:
        return notCovered(type);
    }
  }

  private open(id: string, facts: Facts, isOfMoney: boolean): void {
    const [facilityId, mode] = [facts.text('facilityId'), facts.text('mode')];
    const call = {
      ...{ facilityId, mode, opensAt: facts.instant('opensAt'), closesAt: facts.instant('closesAt') },
      chipHours: BigInt(facts.count('chipHours')),
      grantedChipHours: 0n,
    };
    facts.require(!this.calls.has(id), 'The call is opened a second time.');
    this.calls.set(id, call);
    facts.require(call.opensAt < call.closesAt, 'The call closes before it opens.');
    const site = this.sites.get(facilityId);
    facts.require(site !== undefined, `The facility ${facilityId} is not registered.`);
    if (site?.isGigafactory !== true) return;
    facts.require(site.hostMinor > 0n, 'The hosting state has no signed commitment to the gigafactory.', 'above 0', 0n);
    if (!isOfMoney) return;
    const opensOn = new Date(call.opensAt).toISOString().slice(0, 'YYYY-MM-DD'.length);
    const isInTime = [...site.financing.values()].some(
      ({ amountMinor, signedOn = opensOn }) => amountMinor > 0n && signedOn <= opensOn,
    );
    const message = 'The hosting state had signed no money for the gigafactory by the day on which the call opens.';
    facts.require(isInTime, message, `a signature on ${opensOn} or before`);
  }

  private count(id: string, facts: Facts, sign: bigint): void {
    const call = this.calls.get(id);
    if (call === undefined) return facts.require(false, `The call ${id} was never opened.`);
    call.grantedChipHours += sign * BigInt(facts.count('chipHours'));
    const stated = BigInt(facts.count('grantedChipHours'));
    facts.requireSame(stated, call.grantedChipHours, 'The sum of the call is not that of its grants.');
    const isWithin = call.grantedChipHours <= call.chipHours;
    facts.require(isWithin, 'More is granted than the call offers.', `at most ${call.chipHours}`, stated);
  }

  private grant(facts: Facts): void {
    facts.count('callChipHours');
    const months = this.modeAt(facts, 'decidedAt')?.data['months'];
    if (months === undefined) return;
    const [validFrom, validTo] = [facts.text('validFrom'), facts.instant('validTo')];
    const isListed = (months as readonly number[]).some((count) => endOf(validFrom, count) === validTo);
    facts.require(isListed, 'The grant is valid for a time that its mode does not have.', `${String(months)} months`);
  }

  private modeAt(facts: Facts, at: string): Facts | undefined {
    const modes = this.modes.at(facts.instant(at));
    const mode = facts.text('mode');
    return modes?.data[mode] === undefined ? undefined : new Facts(facts.place, modes.record(mode));
  }

  private submit(facts: Facts, schema: number): void {
    const call = this.calls.get(facts.text('callId'));
    facts.require(call !== undefined, `The call ${facts.text('callId')} was never opened.`);
    if (call === undefined) return;
    const { facilityId, mode, opensAt, closesAt } = call;
    facts.requireSame(facts.text('facilityId'), facilityId, 'The call is for another facility.');
    facts.requireSame(facts.text('mode'), mode, 'The call is for another mode.');
    const at = facts.instant('submittedAt');
    facts.require(opensAt <= at && at < closesAt, 'The call was not open.', undefined, facts.text('submittedAt'));
    const hours = facts.count('chipHoursRequested');
    const policy = this.modeAt(facts, 'submittedAt');
    const bound = (name: string): number | undefined =>
      policy?.data[name] === undefined ? undefined : policy.count(name);
    const fixed = mode === 'fast-lane' ? FAST_LANE_CHIP_HOURS_MAX : Infinity;
    const most = schema < 2 ? fixed : (bound('chipHoursMax') ?? Infinity);
    facts.require(hours <= most, 'More is asked for than the mode allows.', `at most ${most}`, hours);
    if (schema < 2 || policy === undefined) return;
    const least = bound('chipHoursMin') ?? 0;
    facts.require(hours >= least, 'Less is asked for than the mode allows.', `at least ${least}`, hours);
    const [audience, category] = [policy.data['audience'], facts.text('category')];
    const isMeant = audience === undefined || policy.list('audience').includes(category);
    facts.require(isMeant, 'The mode is not for the category of the applicant.', audience, category);
  }
}

function contribute(site: Site, facts: Facts): void {
  const deltaMinor = facts.minor('deltaMinor');
  site.hostMinor += deltaMinor;
  if (facts.text('kind') === 'in-kind') return;
  const id = facts.text('commitmentId');
  const before = site.financing.get(id);
  const stated = facts.data['signedOn'];
  const signedOn = typeof stated === 'string' ? stated : before?.signedOn;
  site.financing.set(id, { amountMinor: (before?.amountMinor ?? 0n) + deltaMinor, signedOn });
}

/** The instant so many calendar months after another one; the last day of the month where the day does not exist. */
function endOf(from: string, months: number): number {
  const begin = new Date(from);
  const end = new Date(from);
  end.setUTCMonth(begin.getUTCMonth() + months);
  // A day that the month does not have runs over into the next month.
  if (end.getUTCDate() !== begin.getUTCDate()) end.setUTCDate(0);
  return end.getTime();
}
