import { derivedId } from '../../src/ledger/identifiers.js';
import type { WrittenEvent } from './written-log.js';

type Data = Record<string, unknown>;

const event = (stream: string, type: string, data: Data, rest: Partial<WrittenEvent> = {}): WrittenEvent => ({
  stream,
  type,
  data,
  ...rest,
});

/** The id behind a short name. */
export const named = (name: string): string => derivedId('programme', name);

export const STATE = named('state');
export const UNION = named('union');
export const STARTUP = named('startup');
export const SITE = named('site');
export const FUND = named('fund');
export const TRANCHE = named('first-loss-layer');
export const CALL = named('call');
export const MODEL = 'gb300';

/** Members that every event of a commitment repeats. */
export const termsOf = (partnerId: string, partnerKind: string): Data => ({
  fundId: FUND,
  trancheId: TRANCHE,
  trancheRank: 1,
  trancheKind: 'first-loss',
  partnerId,
  partnerKind,
  facilityId: SITE,
  currency: 'EUR',
  kind: 'capex',
});

/** Members that every event of a request repeats. */
export const applicationOf = (hours: number): Data => ({
  callId: CALL,
  facilityId: SITE,
  mode: 'regular',
  partnerId: STARTUP,
  ultimateParentId: STARTUP,
  category: 'start-up',
  country: 'SE',
  chipHoursRequested: hours,
  submittedAt: '2026-03-02T08:00:00Z',
});

export const allocationOf = (allocationId: string, grantId: string, chips: number, from: string, to: string): Data => ({
  allocationId: named(allocationId),
  grantId: named(grantId),
  partnerId: STARTUP,
  category: 'start-up',
  country: 'SE',
  mode: 'regular',
  chipModel: MODEL,
  chips,
  from,
  to,
  protection: 'category',
});

/** How contributions count without a policy. */
export const COUNTED: Data = { matchingKinds: ['access-time-purchase', 'capex'], unionInKind: 'counted' };

/** One command: signs, and books the amount to the layer and the facility. */
export function signed(id: string, terms: Data, amountMinor: string): WrittenEvent[] {
  const { partnerId, partnerKind, facilityId, trancheId, kind, currency } = terms;
  const change = { commitmentId: named(id), partnerId, partnerKind, kind, deltaMinor: amountMinor };
  return [
    event(`commitment-${named(id)}`, 'commitment-signed', { ...terms, amountMinor, signedOn: '2026-02-02' }),
    event(`fund-${FUND}`, 'tranche-subscribed', { ...change, trancheId, facilityId }),
    event(`facility-${SITE}`, 'contribution-recorded', { ...change, currency, signedOn: '2026-02-02' }),
  ];
}

export const partner = (id: string, legalForm: string, country = 'SE', legalName = id): WrittenEvent =>
  event(`partner-${id}`, 'partner-registered', { legalName, country, legalForm });

export const classified = (id: string, category: string): WrittenEvent =>
  event(`partner-${id}`, 'partner-classified', { category, basis: 'b', evidenceRef: 'e', effectiveFrom: '2026-01-01' });

export const submitted = (id: string, hours: number): WrittenEvent =>
  event(`access-request-${named(id)}`, 'access-request-submitted', {
    ...applicationOf(hours),
    sector: 'materials',
    submittedBy: 'applicant',
  });

/** The call counts a grant, in the command that gives it; `sum` is what is granted under the call then. */
export const counted = (id: string, chipHours: number, sum: number, change = 'granted'): WrittenEvent =>
  event(
    `access-call-${CALL}`,
    `call-hours-${change}`,
    { requestId: named(id), chipHours, grantedChipHours: sum },
    { actor: 'panel' },
  );

export const granted = (id: string, hours: number, chipHours = hours, callChipHours = chipHours): WrittenEvent =>
  event(
    `access-request-${named(id)}`,
    'access-granted',
    {
      ...applicationOf(hours),
      chipHours,
      priceBasis: 'free',
      freeReason: 'sme-innovation',
      reasonCodes: ['merit'],
      validFrom: '2026-05-01T00:00:00Z',
      validTo: '2026-08-01T00:00:00Z',
      decidedAt: '2026-03-02T08:10:00Z',
      callChipHours,
    },
    { actor: 'panel', envelope: { legalBasis: '2021/1173 Art. 12b(15)(b)' } },
  );

export const allocated = (data: Data): WrittenEvent => event(`facility-${SITE}`, 'chips-allocated', data);

/**
 * A short programme, command by command, that touches every rule: money from pledge to payment, chips from installation to
 * usage, a granted and a denied request, a revoked grant, a policy, and an API key that is revoked.
 */
export function programme(): WrittenEvent[][] {
  const state = termsOf(STATE, 'member-state');
  const union = termsOf(UNION, 'union');
  const fund = `fund-${FUND}`;
  const site = `facility-${SITE}`;
  const first = allocationOf('a1', 'r1', 60, '2026-05-01T00:00:00Z', '2026-05-11T00:00:00Z');
  const second = allocationOf('a2', 'r2', 40, '2026-05-02T00:00:00Z', '2026-05-12T00:00:00Z');
  return [
    [partner(STATE, 'member-state', 'SE', 'state')],
    [partner(UNION, 'union', 'BE')],
    [partner(STARTUP, 'company')],
    [classified(STARTUP, 'start-up')],
    [
      event(
        'policy-entitlement-basis',
        'policy-adopted',
        {
          policy: 'entitlement-basis',
          version: 1,
          value: 'paid',
          effectiveFrom: '2026-01-01T00:00:00Z',
          reason: 'r',
        },
        { role: 'board' },
      ),
    ],
    [
      event(`api-key-${named('panel')}`, 'api-key-issued', {
        name: 'Panel',
        roles: ['panel'],
        keyHash: '00'.repeat(32),
      }),
    ],
    [event(`api-key-${named('panel')}`, 'api-key-revoked', {})],
    [event(fund, 'fund-established', { name: 'Fund', currency: 'EUR', targetMinor: '500000' })],
    [event(fund, 'tranche-defined', { trancheId: TRANCHE, rank: 1, kind: 'first-loss', capMinor: '100000' })],
    [
      event(site, 'facility-registered', {
        name: 'Site',
        country: 'SE',
        kind: 'ai-gigafactory',
        hostStatePartnerId: STATE,
        capexMinor: '400000',
        currency: 'EUR',
      }),
    ],
    [event(`commitment-${named('c1')}`, 'commitment-pledged', { ...state, amountMinor: '70000' })],
    signed('c1', state, '70000'),
    [event(`commitment-${named('c2')}`, 'commitment-pledged', { ...union, amountMinor: '20000' })],
    signed('c2', union, '20000'),
    [
      event(fund, 'financial-close-reached', {
        ...COUNTED,
        facilities: [{ facilityId: SITE, unionMinor: '20000', statesMinor: '70000', matchingMinor: '70000' }],
        committedMinor: '90000',
        reachedOn: '2026-03-02',
        evidenceRef: null,
      }),
    ],
    [
      event(`commitment-${named('c1')}`, 'capital-call-issued', {
        ...state,
        callId: named('k1'),
        amountMinor: '30000',
        issuedOn: '2026-03-02',
        dueOn: '2026-03-31',
        unfundedDeltaMinor: '-30000',
      }),
    ],
    [
      event(`commitment-${named('c1')}`, 'capital-call-paid', {
        ...state,
        callId: named('k1'),
        amountMinor: '30000',
        paidOn: '2026-03-02',
      }),
    ],
    [
      event(`commitment-${named('c1')}`, 'distribution-paid', {
        ...state,
        amountMinor: '5000',
        recallableMinor: '2000',
        paidOn: '2026-03-03',
        unfundedDeltaMinor: '2000',
      }),
    ],
    [event(site, 'capacity-installed', { chipModel: MODEL, chips: 100, effectiveFrom: '2026-04-01T00:00:00Z' })],
    [
      event(
        site,
        'quota-policy-adopted',
        {
          chipModel: MODEL,
          version: 1,
          floors: { sme: 0 },
          caps: { 'start-up': 100 },
          effectiveFrom: '2026-04-01T00:00:00Z',
          reason: 'r',
        },
        { role: 'board' },
      ),
    ],
    [
      event(`access-call-${CALL}`, 'access-call-opened', {
        facilityId: SITE,
        mode: 'regular',
        title: 't',
        opensAt: '2026-03-01T00:00:00Z',
        closesAt: '2026-12-31T00:00:00Z',
        chipHours: 1_000_000,
      }),
    ],
    [submitted('r1', 20_000)],
    [
      event(
        `access-request-${named('r1')}`,
        'eligibility-confirmed',
        { ...applicationOf(20_000), reasonCodes: ['ok'], checkedAt: '2026-03-02T08:05:00Z' },
        { actor: 'panel' },
      ),
    ],
    [granted('r1', 20_000), counted('r1', 20_000, 20_000)],
    [submitted('r2', 12_000)],
    [granted('r2', 12_000, 10_000, 30_000), counted('r2', 10_000, 30_000)],
    [submitted('r3', 50)],
    [
      event(
        `access-request-${named('r3')}`,
        'access-denied',
        { ...applicationOf(50), reasonCodes: ['no'], decidedAt: '2026-03-02T08:10:00Z' },
        { actor: 'panel' },
      ),
    ],
    [allocated(first)],
    [allocated(second)],
    [
      event(
        `usage-${SITE}`,
        'usage-reported',
        {
          facilityId: SITE,
          records: [
            {
              allocationId: named('a1'),
              grantId: named('r1'),
              partnerId: STARTUP,
              category: 'start-up',
              country: 'SE',
              mode: 'regular',
              from: '2026-05-01T00:00:00Z',
              to: '2026-05-02T00:00:00Z',
              chipHours: 1000,
            },
          ],
        },
        // Up to schema 2 nobody compared the use with the day of its report.
        { envelope: { schema: 2 } },
      ),
    ],
    [event(site, 'allocation-released', { ...first, at: '2026-05-06T00:00:00Z', reason: 'given-back' })],
    [
      event(
        `access-request-${named('r2')}`,
        'grant-revoked',
        { ...applicationOf(12_000), chipHours: 10_000, reasonCodes: ['fraud'], revokedAt: '2026-03-02T08:20:00Z' },
        { actor: 'panel' },
      ),
      event(site, 'allocation-released', { ...second, at: '2026-03-02T08:20:00Z', reason: 'grant-revoked' }),
      counted('r2', 10_000, 20_000, 'returned'),
    ],
    [
      event(`commitment-${named('c1')}`, 'commitment-cancelled', {
        ...state,
        reason: 'r',
        releasedMinor: '42000',
        unfundedDeltaMinor: '-42000',
      }),
      ...cancellation(),
    ],
  ];
}

function cancellation(): WrittenEvent[] {
  const [, subscribed, contributed] = signed('c1', termsOf(STATE, 'member-state'), '-42000');
  return subscribed && contributed ? [subscribed, contributed] : [];
}
