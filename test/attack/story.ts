import { demoProgramme } from '../../src/demo/programme.js';
import { PROGRAMME_END } from '../../src/demo/calendar.js';
import { AnsweredIds } from '../../src/demo/answered-ids.js';
import type { Envelope } from '../../src/ledger/event.js';
import { derivedId } from '../../src/ledger/identifiers.js';
import { Refusal } from '../../src/ledger/refusal.js';
import { MS_PER_DAY } from '../../src/ledger/time.js';
import { MemoryLedger, OPERATOR, type Sender } from './memory-ledger.js';

const PANEL: Sender = { actorId: 'panel-key', role: 'panel' };
const BOARD: Sender = { actorId: 'board-key', role: 'board' };
const DEMO_SENDERS: Readonly<Record<string, Sender>> = { operator: OPERATOR, panel: PANEL, board: BOARD };

const EUR = { currency: 'EUR' };
const INVENTED = { source: 'register', illustrative: true };
const GRANT = {
  ...{
    outcome: 'granted',
    chipHours: 20_000,
    priceBasis: 'free',
    freeReason: 'sme-innovation',
    reasonCodes: ['merit', 'second-reason'],
    freeEvidenceRef: 'declaration 3',
    funding: { programme: 'HE', grantNumber: '101092269' },
    sealOfExcellenceRef: 'SOE-190123',
    use: 'non-commercial',
    class: 'general',
  },
  ...{ validFrom: '2026-05-01T00:00:00Z', validTo: '2026-08-01T00:00:00Z' },
};

const MODE = {
  ...{ chipHoursMin: 1, chipHoursMax: 50_000, months: [3, 6], audience: ['sme', 'start-up'] },
  decision: { workingDaysMax: 10, from: 'cut-off' },
};

/** A short history, by the decisions of the product, that has every type of event, and every member that an event may have. */
export async function shortHistory(): Promise<readonly Envelope[]> {
  const ledger = new MemoryLedger(Date.parse('2026-03-02T08:00:00Z'));
  const post = async (path: string, body: object, sender = OPERATOR): Promise<Record<string, string>> => {
    ledger.nowMs += 250;
    return (await ledger.post(path, body, sender)) as unknown as Record<string, string>;
  };
  const on = (day: string): void => void (ledger.nowMs = Date.parse(`${day}T08:00:00Z`));
  const partner = async (legalName: string, legalForm: string, country: string, further = {}) =>
    (await post('/v1/partners', { legalName, legalForm, country, ...INVENTED, ...further })).id;

  const sweden = await partner('Kingdom of Sweden', 'member-state', 'SE');
  const finland = await partner('Republic of Finland', 'member-state', 'FI');
  const union = await partner('European Union', 'union', 'BE');
  const startup = await partner('Nordlys AB', 'company', 'SE', { registeredOn: '2024-01-15' });
  const parent = await partner('Parent AB', 'company', 'SE', { lei: '529900T8BM49AURSDO55' });
  const other = await partner('Other OY', 'company', 'FI');
  const site0 = await partner('Operator AB', 'company', 'SE');
  for (const id of [startup, parent, other]) {
    const category = id === startup ? 'start-up' : 'sme';
    const proof = { category, basis: 'GBER Annex I', evidenceRef: 'dossier 7', effectiveFrom: '2026-01-01' };
    await post(`/v1/partners/${id}/classifications`, proof);
  }
  const share = { kind: 'partner', percent: 30, effectiveFrom: '2026-01-01' };
  await post(`/v1/partners/${startup}/affiliations`, { otherPartnerId: parent, ...share });
  await post(`/v1/partners/${startup}/affiliations`, { otherPartnerId: other, ...share });
  await post(`/v1/partners/${startup}/affiliation-ends`, { otherPartnerId: other, effectiveFrom: '2026-02-01' });
  await post(`/v1/partners/${other}/acquisitions`, { acquirerId: parent, effectiveFrom: '2026-02-01' });
  for (const [policy, value] of [
    ['entitlement-basis', 'committed'],
    ['chip-equivalence', { factors: { gb300: 1.25 } }],
    ['commercial-share-maximum', { sharesPpm: { 'ai-gigafactory': 200_000 } }],
    ['associated-countries', ['CH', 'NO']],
    ['scale-up-definition', { staffMax: 499 }],
    ['impact-ratio-minimum', { decidedMin: 1, flagBelow: 0.8 }],
    ['demand-basis', 'decided'],
    ['free-access-evidence', ['sme-innovation']],
    ['access-modes', { regular: MODE }],
    ['matching-basis', { kinds: ['capex', 'in-kind'] }],
    ['matching-basis', { kinds: ['capex'] }],
    ['signature-acceptance', 'required'],
    ['union-in-kind', 'not-counted'],
    ['union-share-maximum', { 'ai-factory': 35, supercomputer: 50 }],
    ['capital-call-notice', { businessDays: 12 }],
    ['business-day-calendar', 'luxembourg'],
  ] as const) {
    await post(
      '/v1/policies',
      { policy, value, effectiveFrom: '2026-03-03T00:00:00Z', reason: 'by decision 4' },
      BOARD,
    );
  }
  const key = await post('/v1/api-keys', { name: 'Panel', roles: ['panel'], expiresAt: '2027-01-01T00:00:00Z' });
  await post('/v1/api-keys', { name: 'Partner', roles: ['partner'], partnerId: startup });
  await post(`/v1/api-keys/${key.id}/revocation`, {});

  const fund = (
    await post('/v1/funds', { name: 'Fund', ...EUR, targetMinor: '5000000', financesGigafactories: true, ...INVENTED })
  ).id;
  const layer = (rank: number, kind: string) => post(`/v1/funds/${fund}/tranches`, { rank, kind, capMinor: '1000000' });
  const trancheId = (await layer(1, 'first-loss')).trancheId;
  const senior = (await layer(2, 'senior')).trancheId;
  const site = (
    await post('/v1/facilities', {
      ...{ name: 'Site', country: 'SE', kind: 'ai-gigafactory', operatorPartnerId: site0, hostStatePartnerId: sweden },
      ...{ capexMinor: '4000000', ...EUR, ...INVENTED },
    })
  ).id;
  const second = (await post('/v1/facilities', { name: 'Factory', country: 'FI', kind: 'ai-factory' })).id;
  const pledge = async (partnerId: unknown, tranche: unknown, amountMinor: string, kind = 'capex') => {
    const terms = { fundId: fund, trancheId: tranche, partnerId, facilityId: site, amountMinor, ...EUR, kind };
    const things = kind === 'in-kind' ? { describes: 'equipment' } : {};
    return (await post('/v1/commitments', { ...terms, ...things, programme: 'InvestAI', ...INVENTED })).id;
  };
  const states = await pledge(sweden, trancheId, '700000');
  const unions = await pledge(union, trancheId, '200000');
  const inKind = await pledge(finland, senior, '50000', 'in-kind');
  const privates = await pledge(parent, senior, '500000');
  const accepted = { acceptedOn: '2026-02-01', evidenceRef: 'decision 9' };
  await post(`/v1/commitments/${states}/acceptance`, accepted);
  for (const id of [states, unions, inKind, privates])
    await post(`/v1/commitments/${id}/signature`, { signedOn: '2026-02-02' });
  await post(`/v1/commitments/${states}/amendments`, { deltaMinor: '1000', reason: 'indexation' });
  on('2026-03-04');
  await post(`/v1/funds/${fund}/financial-close`, { reachedOn: '2026-03-04', evidenceRef: 'minutes 12' });
  const call = (id: unknown, amountMinor: string) =>
    post(`/v1/commitments/${id}/calls`, { amountMinor, issuedOn: '2026-03-04', dueOn: '2026-03-31' });
  const called = await call(states, '300000');
  await call(states, '1000');
  const install = (id: unknown, chips: number) =>
    post(`/v1/facilities/${id}/capacity`, { chipModel: 'gb300', chips, effectiveFrom: '2026-04-01T00:00:00Z' });
  await install(site, 100);
  await install(second, 10);
  for (const reason of ['first', 'second']) {
    const quota = { chipModel: 'gb300', floors: { sme: 1 }, caps: { 'start-up': 90 } };
    const from = reason === 'first' ? '2026-04-01T00:00:00Z' : '2026-04-15T00:00:00Z';
    await post(`/v1/facilities/${site}/quota-policies`, { ...quota, effectiveFrom: from, reason }, BOARD);
  }
  const retired = { chipModel: 'gb300', chips: 5, effectiveFrom: '2026-09-01T00:00:00Z' };
  await post(`/v1/facilities/${site}/retirements`, retired);

  const opening = { opensAt: '2026-03-01T00:00:00Z', closesAt: '2026-12-31T00:00:00Z', chipHours: 1_000_000 };
  const callId = (
    await post('/v1/access-calls', { facilityId: site, mode: 'regular', title: 'First call', ...opening })
  ).id;
  const submit = async (partnerId: unknown, chipHours: number) => {
    const texts = { sector: 'materials', purpose: 'Train a model.', contact: 'a@example.eu', illustrative: true };
    return (await post('/v1/access-requests', { callId, partnerId, chipHours, ...texts }, APPLICANT)).id;
  };
  const early = await submit(startup, 1_000);
  const granted = await submit(startup, 20_000);
  const revoked = await submit(startup, 12_000);
  const [denied, refused, withdrawn] = [await submit(parent, 50), await submit(parent, 60), await submit(other, 70)];
  const path = (id: unknown, what: string): string => `/v1/access-requests/${id}/${what}`;
  await post(
    path(granted, 'eligibility'),
    { eligible: true, reasonCodes: ['complete', 'established-in-member-state'] },
    PANEL,
  );
  await post(path(refused, 'eligibility'), { eligible: false, reasonCodes: ['no-budget'] }, PANEL);
  await post(path(withdrawn, 'withdrawal'), { reason: 'other-plans' }, APPLICANT);
  ledger.nowMs += 3 * MS_PER_DAY;
  const allocate = async (grantId: unknown, chips: number, from: string, to: string) => {
    const interval = { from: `${from}T00:00:00Z`, to: `${to}T00:00:00Z` };
    return (await post(`/v1/facilities/${site}/allocations`, { grantId, chipModel: 'gb300', chips, ...interval }))
      .allocationId;
  };
  await post(path(early, 'decision'), { ...GRANT, chipHours: 1_000 }, PANEL);
  const beforePools = await allocate(early, 10, '2026-05-20', '2026-05-22');
  const at = `/v1/facilities/${site}`;
  const pool = async (owner: string, basis: string, partnerId?: string) =>
    (await post(`${at}/pools`, { owner, basis, ...(partnerId !== undefined && { partnerId }) })).poolId;
  const ofUnion = await pool('union', 'capex', union);
  const ofState = await pool('member-state', 'capex', sweden);
  await pool('private', 'preferential', parent);
  await pool('consortium', 'capex');
  const divide = (periodFrom: string, periodTo: string, availableUnitHours: number) =>
    post(`${at}/entitlements`, { periodFrom, periodTo, unit: 'unit-hour', availableUnitHours });
  await divide('2026-04-01', '2027-01-01', 800_000);
  const assigned = { allocationId: beforePools, poolId: ofState, evidenceRef: 'arrangement 1' };
  await post(`${at}/pool-assignments`, assigned);
  const given = { fromPoolId: ofState, unionPoolId: ofUnion, unitHours: 5_000, arrangementRef: 'arrangement 4' };
  await post(`${at}/donations`, { ...given, from: '2026-05-01', to: '2026-09-01' });
  const preference = { partnerId: parent, periodFrom: '2026-04-01', unitHours: 90_000, conditionsRef: 'page 5' };
  await post(`${at}/preferential-access`, preference);
  await post(path(granted, 'decision'), { ...GRANT, poolId: ofUnion }, PANEL);
  await post(path(revoked, 'decision'), { ...GRANT, chipHours: 10_000, poolId: ofUnion }, PANEL);
  const late = { effectiveAt: '2026-03-06T09:30:00Z' };
  await post(path(denied, 'decision'), { outcome: 'denied', reasonCodes: ['low-score'], ...late }, PANEL);

  on('2026-04-10');
  await post(`${at}/operations-start`, { on: '2026-04-01', evidenceRef: 'acceptance report 3' });
  await post(`/v1/commitments/${states}/calls/${called.callId}/payments`, {
    amountMinor: '300000',
    paidOn: '2026-03-30',
  });
  const paidOut = { amountMinor: '50000', recallableMinor: '20000', paidOn: '2026-04-10' };
  await post(`/v1/commitments/${states}/distributions`, paidOut);
  const first = await allocate(granted, 50, '2026-05-01', '2026-05-11');
  await allocate(granted, 20, '2026-06-01', '2026-06-05');
  await allocate(revoked, 30, '2026-05-02', '2026-05-12');
  on('2026-05-06');
  const used = (day: number, chipHours: number) => ({
    ...{ allocationId: first, from: `2026-05-0${day}T00:00:00Z`, to: `2026-05-0${day + 1}T00:00:00Z`, chipHours },
  });
  await post('/v1/usage', { records: [used(1, 1_000), used(2, 1_200), used(3, 1_300)] });
  await post('/v1/usage', { records: [used(4, 500)] });
  const release = `/v1/facilities/${site}/allocations/${first}/release`;
  await post(release, { at: '2026-05-07T00:00:00Z', reason: 'given-back' });
  await post(`/v1/grants/${revoked}/revocation`, { reasonCodes: ['fraud'] }, PANEL);
  const asked = async (id: unknown, body: object) => {
    const path = `/v1/commitments/${id}/decrease-requests`;
    const { requestId } = await post(path, { reason: 'smaller budget', ...body });
    await post(`${path}/${requestId}/acceptance`, {});
  };
  await asked(unions, { amountMinor: '1000' });
  await asked(inKind, {});
  await post(`/v1/commitments/${unions}/cancellation`, { reason: 'new budget' });

  on('2026-07-02');
  const half = { periodFrom: '2026-01-01', periodTo: '2026-06-30' };
  const report = await post('/v1/transparency/reports', { kind: 'equal-access', ...half });
  await post('/v1/transparency/reports', { kind: 'capital', periodFrom: '2026-01-01', periodTo: '2026-12-31' });
  const action = { reportId: report.id, category: 'sme', reason: 'few grants', measure: 'a call of their own' };
  await post('/v1/transparency/corrective-actions', action, BOARD);
  await post(`/v1/subjects/${denied}/erasure`, { reason: 'Art. 17 GDPR' });

  on('2027-02-05');
  const submission = { year: 2026, submittedOn: '2027-02-04', dataSha256: 'da'.repeat(32), dataPosition: 100 };
  const ofYear = { ...submission, dataMethodVersion: '2.0', auditReportSha256: 'ad'.repeat(32) };
  await post(`${at}/yearly-submissions`, ofYear);
  on('2031-04-02');
  await divide('2031-01-01', '2032-01-01', 800_000);
  const residual = { residualMinor: '300000', valuationRef: 'valuation 2', approvalId: derivedId('approval', '1') };
  await post(`${at}/ownership-transfer`, { on: '2031-04-01', unionPoolId: ofUnion, ...residual });
  ledger.nowMs += 250;
  await ledger.attest();
  // A checkpoint may cut the last command in two: some rules wait for its end.
  await partner('Last partner', 'company', 'SE');
  return ledger.envelopes;
}

const APPLICANT: Sender = { actorId: 'applicant-key', role: 'operator' };

/** The history of the demo, with a part of its 2,000 requests. */
export async function demoHistory(scale: number): Promise<readonly Envelope[]> {
  const ledger = new MemoryLedger(Date.parse(PROGRAMME_END) + MS_PER_DAY);
  const ids = new AnsweredIds();
  for (const command of demoProgramme({ scale }).commands) {
    ledger.nowMs += 1;
    try {
      const sender = DEMO_SENDERS[command.sender] ?? OPERATOR;
      const answer = await ledger.post(ids.pathOf(command), ids.resolved(command.body) as object, sender);
      ids.note(command.name, String(answer[command.answerField]));
    } catch (error) {
      if (!(error instanceof Refusal) || command.expectedStatus === undefined) throw error;
    }
  }
  return ledger.envelopes;
}
