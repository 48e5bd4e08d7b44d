import type { AccessCall } from '../access/access-call.js';
import type { AccessRequest } from '../access/access-request.js';
import type { Usage } from '../access/usage.js';
import type { Commitment } from '../capital/commitment.js';
import type { Fund } from '../capital/fund.js';
import { installedOf } from '../compute/capacity-profile.js';
import type { Facility } from '../compute/facility.js';
import { accountOf, creditOf, PARTS_PER_UNIT_HOUR, type HoursOfFacility } from '../compute/hour-account.js';
import { moneyText } from '../domain/money.js';
import type { Subject } from '../erasure/erasure.js';
import type { Policy } from '../governance/policy.js';
import type { ApiKey } from '../identity/api-key.js';
import { formatInstant } from '../ledger/time.js';
import type { Partner } from '../partners/partner.js';
import type { Attestation } from '../transparency/events/attestation.js';
import type { Report } from '../transparency/events/publication.js';

/** One fact of a state, in the words of the domain. */
interface StateLine {
  readonly what: string;
  readonly text: string;
  /** Its text before there was such a fact; `nothing` if left out. */
  readonly before?: string;
  /** True for a step that a later one takes the place of: that it is no longer there is no change. */
  readonly isStep?: true;
}

const NOTHING = 'nothing';

/** What changed between two states, in the order of the later one. */
export function changesBetween(
  aggregate: string,
  before: unknown,
  after: unknown,
): readonly { readonly what: string; readonly before: string; readonly after: string }[] {
  const [old, now] = [before, after].map(
    (state) => new Map(linesOf(aggregate, state).map((line) => [line.what, line])),
  );
  const changed = [...(now?.values() ?? [])].flatMap((line) => {
    const was = old?.get(line.what)?.text ?? line.before ?? NOTHING;
    return was === line.text ? [] : [{ what: line.what, before: was, after: line.text }];
  });
  const ended = [...(old?.values() ?? [])].filter(({ what, isStep }) => !isStep && !now?.has(what));
  return [...changed, ...ended.map(({ what, text }) => ({ what, before: text, after: NOTHING }))];
}

/** The facts of a state. A state that an aggregate keeps for its decisions alone is not among them. */
function linesOf(aggregate: string, state: unknown): readonly StateLine[] {
  const describe = DESCRIBED[aggregate];
  if (describe === undefined) throw new RangeError(`Nobody describes the state of ${aggregate}.`);
  return [...describe(state as never)];
}

type Lines = Generator<StateLine>;

function* fact(what: string, text: string | number | undefined): Lines {
  if (text !== undefined) yield { what, text: String(text) };
}

function* facts(values: Readonly<Record<string, string | number | undefined>>): Lines {
  for (const [what, text] of Object.entries(values)) yield* fact(what, text);
}

function* count(what: string, value: number | bigint): Lines {
  yield { what, text: value.toLocaleString('en'), before: '0' };
}

function* sums(currency: string, values: Readonly<Record<string, bigint>>): Lines {
  for (const [what, amountMinor] of Object.entries(values))
    yield { what, text: moneyText(amountMinor, currency), before: moneyText(0n, currency) };
}

function* commitment(state: Commitment): Lines {
  if (state.status === 'absent') return;
  const { status, terms } = state;
  const { currency, partnerId, partnerKind, fundId, trancheKind, trancheRank, facilityId, kind } = terms;
  yield* facts({ status, partner: partnerId, 'kind of partner': partnerKind, fund: fundId });
  yield* facts({ layer: `${trancheKind}, rank ${trancheRank}`, facility: facilityId, 'kind of commitment': kind });
  if (status === 'pledged') {
    yield { what: 'pledged', text: moneyText(state.pledgedMinor, currency), isStep: true };
    yield* fact('accepted on', state.acceptedOn);
    yield* fact('given in kind', state.describes);
    return;
  }
  yield* fact('signed on', state.signedOn);
  const asked = status === 'signed' ? state.decreaseRequest : undefined;
  const amount =
    asked?.amountMinor === undefined ? 'all that may still be called' : moneyText(asked.amountMinor, currency);
  yield { what: 'decrease that waits for its acceptance', text: asked === undefined ? 'none' : amount, before: 'none' };
  yield* sums(currency, {
    committed: state.committedMinor,
    called: state.calledMinor,
    paid: state.paidMinor,
    'paid back': state.distributedMinor,
    'of it, may be called again': state.recallableMinor,
    'may still be called': state.unfundedMinor,
  });
  for (const [id, { amountMinor, paidMinor, issuedOn }] of state.calls) {
    const [called, paid] = [amountMinor, paidMinor].map((minor) => moneyText(minor, currency));
    yield* fact(`capital call ${id}`, `${called} on ${issuedOn}, ${paid} paid`);
  }
}

function* fund(state: Fund): Lines {
  if (state.status === 'absent') return;
  const { status, currency, targetMinor, tranches, facilityIds, financesGigafactories } = state;
  yield* facts({ status, 'may finance AI gigafactories': financesGigafactories ? 'yes' : 'no' });
  yield* sums(currency, { target: targetMinor });
  for (const { trancheId, rank, kind, capMinor, committedMinor } of tranches) {
    const layer = `layer ${trancheId} (${kind}, rank ${rank})`;
    yield* sums(currency, { [`${layer}: most`]: capMinor, [`${layer}: committed`]: committedMinor });
  }
  if (facilityIds.length > 0) yield* fact('facilities', facilityIds.join(', '));
  if (status === 'closed') yield* fact('closed on', state.reachedOn);
}

function* facility(state: Facility): Lines {
  if (state.status === 'absent') return;
  const { status, kind, operatorPartnerId, hostStatePartnerId, capexMinor, currency, contributions } = state;
  yield* facts({ status, kind, operator: operatorPartnerId, 'hosting state': hostStatePartnerId });
  if (currency !== undefined) {
    const { unionMinor, unionInKindMinor, statesMinor, byPartnerMinor } = contributions;
    if (capexMinor !== undefined) yield* sums(currency, { 'capital expenditure': capexMinor });
    yield* sums(currency, { 'contribution of the Union in kind': unionInKindMinor });
    yield* sums(currency, { 'contribution of the Union': unionMinor, 'contribution of Member States': statesMinor });
    for (const [id, sumMinor] of byPartnerMinor) yield* sums(currency, { [`contribution of partner ${id}`]: sumMinor });
  }
  for (const [model, { profile, policies }] of state.chipModels) {
    if (profile !== undefined)
      yield* count(`chips ${model} after all changes that are recorded`, installedOf(profile.sums));
    for (const { version, floors, caps, effectiveFrom } of policies) {
      const text = `floors ${chipsText(floors)}; caps ${chipsText(caps)}; from ${formatInstant(effectiveFrom)}`;
      yield* fact(`quota of ${model}, version ${version}`, text);
    }
  }
  yield* hoursOf(state.hours);
  for (const [year, versions] of state.yearlySubmissions)
    yield* count(`versions of the submission for ${year}`, versions);
  for (const { allocationId, partnerId, chips, chipModel, from, to, released, poolId } of state.allocations.values()) {
    const pool = poolId === undefined ? '' : `, access pool ${poolId}`;
    const text = `${chips} chips ${chipModel} for partner ${partnerId}, ${formatInstant(from)} to ${formatInstant(to)}${pool}`;
    yield* fact(`allocation ${allocationId}`, released ? `${text}, released` : text);
  }
}

function* hoursOf(hours: HoursOfFacility): Lines {
  yield* fact('operations started on', hours.operationsStartedOn);
  yield* fact('ownership transferred on', hours.ownershipTransferredOn);
  for (const { poolId, owner, basis, partnerId } of hours.pools.values())
    yield* fact(`access pool ${poolId}`, [owner, basis, partnerId ?? []].flat().join(', '));
  for (const period of hours.periods) {
    const during = `from ${formatInstant(period.from)} to ${formatInstant(period.to)}`;
    yield* count(`unit-hours ${during}`, period.availableUnitHours);
    for (const poolId of hours.pools.keys()) {
      const account = accountOf(hours, poolId, period);
      yield* count(`unit-hours of pool ${poolId} ${during}`, creditOf(account));
      yield* count(`unit-hours allocated in pool ${poolId} ${during}`, account.allocatedParts / PARTS_PER_UNIT_HOUR);
    }
  }
  for (const { partnerId, periodFrom, unitHours } of hours.preferences.values())
    yield* count(`unit-hours of preferential access of partner ${partnerId} from ${periodFrom}`, unitHours);
}

const chipsText = (chips: Readonly<Record<string, number>>): string =>
  Object.entries(chips)
    .map(([category, number]) => `${category} ${number}`)
    .join(', ') || 'none';

function* partner(state: Partner): Lines {
  if (state.status === 'absent') return;
  const { status, profile, classifications, holdings, acquisitions } = state;
  const { legalName, country, legalForm, lei, registeredOn } = profile;
  yield* facts({
    status,
    'legal name': legalName,
    country,
    'legal form': legalForm,
    LEI: lei,
    'registered on': registeredOn,
  });
  for (const { effectiveFrom, category, basis } of classifications)
    yield* fact(`category from ${effectiveFrom}`, `${category} (${basis})`);
  for (const [holder, timeline] of holdings) {
    for (const holding of timeline) {
      const share = holding.kind === 'ended' ? 'none' : `${holding.percent} % (${holding.kind})`;
      yield* fact(`share of partner ${holder} from ${holding.effectiveFrom}`, share);
    }
  }
  for (const { effectiveFrom, acquirerId } of acquisitions)
    yield* fact(`controlled from ${effectiveFrom} by`, acquirerId);
}

function* accessCall(state: AccessCall): Lines {
  if (state.status === 'absent') return;
  const { status, facilityId, mode, opensAt, closesAt, chipHours, grantedChipHours } = state;
  yield* facts({ status, facility: facilityId, mode, 'opens at': opensAt, 'closes at': closesAt });
  yield* count('chip-hours', chipHours);
  yield* count('chip-hours granted', grantedChipHours);
}

function* accessRequest(state: AccessRequest): Lines {
  if (state.status === 'absent') return;
  const { status, application, submittedBy } = state;
  const { callId, facilityId, partnerId, ultimateParentId, category, country, mode, submittedAt } = application;
  yield* facts({
    status: status === 'ineligible' ? 'not eligible' : status,
    partner: partnerId,
    category,
    country,
    mode,
  });
  yield* facts({ call: callId, facility: facilityId, 'ultimate parent': ultimateParentId });
  yield* facts({ 'submitted at': submittedAt, 'submitted by': submittedBy });
  yield* count('chip-hours requested', application.chipHoursRequested);
  if (status === 'submitted' && state.eligibility === 'eligible')
    yield { what: 'eligibility', text: 'confirmed', before: 'not checked', isStep: true };
  if (status !== 'granted' && status !== 'revoked') return;
  yield* count('chip-hours granted', state.chipHours);
  yield* facts({ 'valid from': state.validFrom, 'valid to': state.validTo, use: state.use, pool: state.poolId });
  if (state.funding) yield* facts({ funding: `${state.funding.programme} ${state.funding.grantNumber}` });
}

function* usage({ byAllocation }: Usage): Lines {
  for (const [id, { chipHours }] of byAllocation) yield* count(`chip-hours used of allocation ${id}`, chipHours);
}

function* policy(state: Policy): Lines {
  if (state.status === 'absent') return;
  yield* facts({ status: state.status, policy: state.name });
  for (const { version, effectiveFrom, value } of state.versions)
    yield* fact(`version ${version}, from ${effectiveFrom}`, JSON.stringify(value));
}

function* apiKey(state: ApiKey): Lines {
  if (state.status === 'absent') return;
  const { status, name, roles, partnerId, expiresAt } = state;
  yield* facts({ status, name, roles: roles.join(', '), partner: partnerId, 'expires at': expiresAt });
}

function* report(state: Report): Lines {
  if (state.status === 'absent') return;
  const { status, kind, period, actions } = state;
  yield* facts({ status, kind, 'period from': period.periodFrom, 'period to': period.periodTo });
  yield* count('corrective actions', actions);
}

function* attestation(state: Attestation): Lines {
  if (state.status === 'absent') return;
  yield* facts({ status: state.status, position: state.position });
  for (const { view, rows, sha256 } of state.views) yield* fact(`view ${view}`, `${rows} rows, ${sha256}`);
  for (const { kind, sha256 } of state.reports) yield* fact(`report on ${kind}`, sha256);
}

function* subject(state: Subject): Lines {
  if (state.status === 'absent') return;
  yield* count('sealed contents destroyed', state.erasedAt.size);
  yield* fact('last destroyed at', state.lastErasedAt);
}

/** By the name of the aggregate. A test compares the names with those of all aggregates. */
const DESCRIBED: Readonly<Record<string, (state: never) => Lines>> = {
  'api-key': apiKey,
  partner,
  policy,
  fund,
  commitment,
  facility,
  'access-call': accessCall,
  'access-request': accessRequest,
  usage,
  report,
  attestation,
  subject,
};
