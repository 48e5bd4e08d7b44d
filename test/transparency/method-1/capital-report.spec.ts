import fc from 'fast-check';
import type { CommitmentTerms } from '../../../src/capital/commitment.js';
import type { RecordedEvent } from '../../../src/ledger/event.js';
import { capitalReport, type CapitalReport } from '../../../src/transparency/method-1/capital-report.js';
import { fold, initialFoldState } from '../../../src/transparency/method-1/fold.js';
import { History, randomHistory, type CommitmentModel } from '../history.js';
import { stories } from '../stories.js';

const reportOf = (events: readonly RecordedEvent[]): CapitalReport =>
  capitalReport(events.reduce(fold, initialFoldState()));

const TRANCHES = [
  ['bottom', 1, 'first-loss'],
  ['middle', 2, 'mezzanine'],
  ['top', 3, 'senior'],
] as const;

/** A fund with three layers and a facility that costs 1,000 euro. */
function fund(): History {
  const history = new History().record('fund-f', {
    type: 'fund-established',
    data: { name: 'InvestAI', currency: 'EUR', targetMinor: '200000' },
  });
  for (const [trancheId, rank, kind] of TRANCHES) {
    history.record('fund-f', { type: 'tranche-defined', data: { trancheId, rank, kind, capMinor: '100000' } });
  }
  const facility = {
    name: 'Helsinki',
    country: 'FI',
    kind: 'ai-gigafactory',
    capexMinor: '100000',
    currency: 'EUR',
  } as const;
  return history.record('facility-helsinki', { type: 'facility-registered', data: facility });
}

const terms = (
  partnerKind: CommitmentTerms['partnerKind'],
  tranche: 0 | 1 | 2,
  more: Partial<CommitmentTerms> = {},
): CommitmentTerms => {
  const [trancheId, trancheRank, trancheKind] = TRANCHES[tranche];
  return {
    fundId: 'f',
    trancheId,
    trancheRank,
    trancheKind,
    partnerId: 'p',
    partnerKind,
    currency: 'EUR',
    kind: 'capex',
    ...more,
  };
};

function sign(history: History, id: string, of: CommitmentTerms, amountMinor: string): void {
  history.record(`commitment-${id}`, { type: 'commitment-pledged', data: { ...of, amountMinor } });
  history.record(`commitment-${id}`, {
    type: 'commitment-signed',
    data: { ...of, amountMinor, signedOn: '2026-03-02' },
  });
}

function pay(history: History, id: string, of: CommitmentTerms, amountMinor: string): void {
  const [callId, on] = ['call', '2026-03-02'];
  const data = { ...of, callId, amountMinor, issuedOn: on, dueOn: on, unfundedDeltaMinor: `-${amountMinor}` };
  history.record(`commitment-${id}`, { type: 'capital-call-issued', data });
  history.record(`commitment-${id}`, { type: 'capital-call-paid', data: { ...of, callId, amountMinor, paidOn: on } });
}

describe('the capital report', () => {
  it('shows partner kind by tranche by status', () => {
    const history = fund();
    sign(history, 'a', terms('private', 2), '60000');
    pay(history, 'a', terms('private', 2), '20000');
    history.record('commitment-b', {
      type: 'commitment-pledged',
      data: { ...terms('private', 2), amountMinor: '500' },
    });
    const { rows } = reportOf(history.events);
    expect(rows).toHaveLength(12);
    expect(rows.slice(0, 4).map(({ trancheKind, partnerKind }) => `${trancheKind} ${partnerKind}`)).toEqual([
      'first-loss union',
      'first-loss member-state',
      'first-loss public-bank',
      'first-loss private',
    ]);
    expect(rows.at(-1)).toMatchObject({
      trancheKind: 'senior',
      partnerKind: 'private',
      pledges: 2,
      signatures: 1,
      pledgedMinor: '60500',
      openPledgesMinor: '500',
      committedMinor: '60000',
      calledMinor: '20000',
      paidMinor: '20000',
      distributedMinor: '0',
      unfundedMinor: '40000',
    });
  });

  it('counts a pledge as open until it is signed or withdrawn', () => {
    const history = fund();
    const of = terms('union', 0);
    const open = () => reportOf(history.events).rows[0]?.openPledgesMinor;
    for (const id of ['a', 'b'])
      history.record(`commitment-${id}`, { type: 'commitment-pledged', data: { ...of, amountMinor: '700' } });
    expect(open()).toBe('1400');
    history.record('commitment-a', {
      type: 'commitment-signed',
      data: { ...of, amountMinor: '700', signedOn: '2026-03-02' },
    });
    expect(open()).toBe('700');
    const nothing = { reason: 'r', releasedMinor: '0', unfundedDeltaMinor: '0' };
    history.record('commitment-b', { type: 'commitment-cancelled', data: { ...of, ...nothing } });
    expect(open()).toBe('0');
    const released = { reason: 'r', releasedMinor: '700', unfundedDeltaMinor: '-700' };
    history.record('commitment-a', { type: 'commitment-cancelled', data: { ...of, ...released } });
    expect(reportOf(history.events).rows[0]).toMatchObject({
      openPledgesMinor: '0',
      pledgedMinor: '1400',
      committedMinor: '0',
      cancellations: 2,
    });
  });

  it('shows the layers with the first loss at the bottom, and the losses that reach each layer', () => {
    const history = fund();
    sign(history, 'a', terms('union', 0), '20000');
    sign(history, 'b', terms('public-bank', 1), '30000');
    sign(history, 'c', terms('private', 2), '50000');
    const [picture] = reportOf(history.events).funds;
    expect(picture).toMatchObject({ name: 'InvestAI', closed: false, targetMinor: '200000' });
    expect(
      picture?.layers.map(({ kind, attachmentPoint, detachmentPoint }) => [kind, attachmentPoint, detachmentPoint]),
    ).toEqual([
      ['senior', 0.5, 1],
      ['mezzanine', 0.2, 0.5],
      ['first-loss', 0, 0.2],
    ]);
    expect(picture?.layers[2]?.committedByPartnerKind).toEqual({
      union: '20000',
      'member-state': '0',
      'public-bank': '0',
      private: '0',
    });
  });

  it('has no attachment points before anything is signed, and gives the reason', () => {
    const [picture] = reportOf(fund().events).funds;
    expect(picture?.layers[0]).toMatchObject({
      attachmentPoint: null,
      reasons: { attachmentPoint: 'nothing-committed', detachmentPoint: 'nothing-committed' },
    });
  });

  it('names the base of every ratio', () => {
    const history = fund();
    const helsinki = { facilityId: 'helsinki' };
    sign(history, 'a', terms('union', 0, helsinki), '15000');
    sign(history, 'b', terms('member-state', 0, helsinki), '15000');
    sign(history, 'c', terms('public-bank', 1), '10000');
    sign(history, 'd', terms('private', 2, helsinki), '60000');
    pay(history, 'a', terms('union', 0, helsinki), '10000');
    pay(history, 'd', terms('private', 2, helsinki), '5000');
    const [committed, paid] = reportOf(history.events).ratios;
    expect(committed).toMatchObject({
      base: 'committed',
      publicMinor: '40000',
      privatePerPublic: 1.5,
      mobilisedPerPublic: 2.5,
      unionShareOfCapex: 0.15,
    });
    expect(paid).toMatchObject({
      base: 'paid',
      publicMinor: '10000',
      privatePerPublic: 0.5,
      mobilisedPerPublic: 1.5,
      unionShareOfCapex: 0.1,
    });
    expect(reportOf(history.events).facilities).toMatchObject([
      {
        name: 'Helsinki',
        unionShareOfCapexCommitted: 0.15,
        unionShareOfCapexPaid: 0.1,
        committedByPartnerKind: { private: '60000' },
      },
    ]);
  });

  it('counts a purchase of access time as a share of the CAPEX, as 12b(5) does, but no contribution in kind', () => {
    const history = fund();
    sign(history, 'a', terms('union', 0, { facilityId: 'helsinki', kind: 'access-time-purchase' }), '9000');
    sign(history, 'b', terms('union', 0, { facilityId: 'helsinki', kind: 'in-kind' }), '5000');
    sign(history, 'c', terms('union', 0), '3000');
    expect(reportOf(history.events).facilities[0]?.unionShareOfCapexCommitted).toBe(0.09);
  });

  it('has no ratio without public money or a known CAPEX, and gives the reason', () => {
    const history = new History().record('fund-f', {
      type: 'fund-established',
      data: { name: 'F', currency: 'EUR', targetMinor: '1' },
    });
    sign(history, 'a', terms('private', 2), '100');
    expect(reportOf(history.events).ratios[0]).toMatchObject({
      privatePerPublic: null,
      mobilisedPerPublic: null,
      unionShareOfCapex: null,
      reasons: {
        privatePerPublic: 'no-public-contribution',
        mobilisedPerPublic: 'no-public-contribution',
        unionShareOfCapex: 'no-facility-with-capex',
      },
    });
  });

  it('is marked illustrative when one of its pledges is', () => {
    const history = fund();
    expect(reportOf(history.events).illustrative).toBe(false);
    history.record('commitment-a', {
      type: 'commitment-pledged',
      data: { ...terms('union', 0), amountMinor: '1', illustrative: true },
    });
    expect(reportOf(history.events).illustrative).toBe(true);
  });

  it('shows that a fund has closed', () => {
    const history = fund().record('fund-f', {
      type: 'financial-close-reached',
      data: {
        ...{ facilities: [], committedMinor: '0', reachedOn: '2026-03-20', evidenceRef: null },
        ...{ matchingKinds: ['capex'], unionInKind: 'counted' },
      },
    });
    expect(reportOf(history.events).funds[0]?.closed).toBe(true);
  });

  it('equals, for any history, a sum over every commitment, by row and in total', () => {
    fc.assert(
      fc.property(stories, (choices) => {
        const { history, commitments } = randomHistory(choices);
        const { rows, totals } = reportOf(history.events);
        for (const { trancheId, partnerKind, ...row } of rows) {
          const own = commitments.filter(
            ({ terms: of }) => of.trancheId === trancheId && of.partnerKind === partnerKind,
          );
          expect(row).toMatchObject(amountsOf(own));
        }
        const all = totals.find(({ partnerKind }) => partnerKind === 'all');
        if (commitments.length > 0) expect(all).toMatchObject(amountsOf(commitments));
      }),
    );
  });
});

function amountsOf(commitments: readonly CommitmentModel[]) {
  const sum = (amount: (of: CommitmentModel) => bigint) =>
    commitments.reduce((total, of) => total + amount(of), 0n).toString();
  return {
    pledgedMinor: sum(({ pledged }) => pledged),
    openPledgesMinor: sum(({ pledged, status }) => (status === 'pledged' ? pledged : 0n)),
    committedMinor: sum(({ committed }) => committed),
    calledMinor: sum(({ called }) => called),
    paidMinor: sum(({ paid }) => paid),
    distributedMinor: sum(({ distributed }) => distributed),
    recallableMinor: sum(({ recallable }) => recallable),
    unfundedMinor: sum(({ unfunded }) => unfunded),
  };
}
