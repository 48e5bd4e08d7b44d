import type { DemoCommand } from '../../src/demo/command-list.js';
import { demoProgramme } from '../../src/demo/programme.js';
import { addBusinessDays } from '../../src/domain/business-days.js';
import { amount, CommandIndex, placeholder, reference, sum, text } from './command-index.js';

const { commands, capital, facilities } = demoProgramme();
const index = new CommandIndex(commands);

const routeOf = (suffix: string): string => `/v1/commitments/{}/${suffix}`;
const signed = new Set(index.to(routeOf('signature')).map((command) => placeholder(command)));
const amendments = index.to(routeOf('amendments'));
const calls = index.to(routeOf('calls'));
const payments = index.to(routeOf('calls/{}/payments'));

/** The signed amount plus all raises. Decreases are not subtracted, because the order of recording is open. */
const committedMax = (commitment: DemoCommand): bigint => {
  const raises = amendments
    .filter((each) => placeholder(each) === commitment.name)
    .map((each) => amount(each, 'deltaMinor'));
  return amount(commitment) + sum(raises.filter((delta) => delta > 0n));
};
const legalForm = (commitment: DemoCommand): string =>
  text(index.named(reference(commitment, 'partnerId')), 'legalForm');
const signedCommitments = index.to('/v1/commitments').filter(({ name }) => signed.has(name));

describe('the capital of the demo programme', () => {
  it('has a target that is the sum of its layers', () => {
    const [fund] = index.to('/v1/funds');
    const tranches = index.to('/v1/funds/{}/tranches');
    expect(tranches.map(({ body }) => body['kind'])).toEqual(['first-loss', 'mezzanine', 'senior']);
    expect(fund?.body['targetMinor']).toBe('2000000000000');
    expect(String(sum(tranches.map((tranche) => amount(tranche, 'capMinor'))))).toBe(fund?.body['targetMinor']);
  });

  it('never signs more than the cap of a layer', () => {
    for (const tranche of index.to('/v1/funds/{}/tranches')) {
      const inTranche = signedCommitments.filter((each) => reference(each, 'trancheId') === tranche.name);
      expect(inTranche.length).toBeGreaterThan(0);
      expect(sum(inTranche.map(committedMax))).toBeLessThanOrEqual(amount(tranche, 'capMinor'));
    }
  });

  it('has commitments of all four kinds of partner, and of the Union through its three programmes', () => {
    const forms = new Set(signedCommitments.map(legalForm));
    for (const form of ['union', 'member-state', 'public-bank', 'company', 'consortium']) expect(forms).toContain(form);
    const programmes = signedCommitments.flatMap(({ body }) => body['programme'] ?? []);
    expect(new Set(programmes)).toEqual(new Set(['Digital Europe', 'Horizon Europe', 'InvestEU']));
  });

  it('keeps the Union within 17 % of the CAPEX of each gigafactory, once exactly at 17 %, and has a match by the states', () => {
    const shares = facilities.gigafactories.map(({ name, capexMinor }) => {
      const inFacility = signedCommitments.filter(
        ({ body }) => JSON.stringify(body['facilityId']) === `{"ref":"${name}"}`,
      );
      const of = (form: string): DemoCommand[] => inFacility.filter((each) => legalForm(each) === form);
      const unionMinor = sum(of('union').map((each) => committedMax(each)));
      expect(unionMinor * 100n).toBeLessThanOrEqual(capexMinor * 17n);
      // Lowered amounts would reduce the sum of the states. The states have none.
      expect(sum(of('member-state').map((each) => amount(each)))).toBeGreaterThanOrEqual(unionMinor);
      expect(sum(inFacility.map(committedMax))).toBeLessThan(capexMinor);
      return (unionMinor * 10_000n) / capexMinor;
    });
    expect(shares).toContain(1_700n);
    const kinds = signedCommitments.filter((each) => legalForm(each) === 'union').map(({ body }) => body['kind']);
    expect(new Set(kinds)).toEqual(new Set(['capex', 'access-time-purchase']));
  });

  it('never lowers a signed amount of a state or of the Union', () => {
    for (const command of [...amendments, ...index.to(routeOf('cancellation'))]) {
      const form = legalForm(index.named(placeholder(command)));
      const isLowered = command.body['deltaMinor'] === undefined || amount(command, 'deltaMinor') < 0n;
      expect({ form, isLowered }).not.toMatchObject({ form: 'member-state', isLowered: true });
      expect(form).not.toBe('union');
    }
  });

  it('signs the commitment of the host state before the first call for access to its gigafactory opens', () => {
    for (const { name, hostState } of facilities.gigafactories) {
      const signature = index.named(capital.hostSignatures.get(name) ?? '');
      expect(reference(index.named(placeholder(signature)), 'partnerId')).toBe(hostState);
      const opened = index.to('/v1/access-calls').filter((call) => reference(call, 'facilityId') === name);
      for (const call of opened) {
        expect(text(signature, 'signedOn') < text(call, 'opensAt').slice(0, 10)).toBe(true);
        expect(signature.wave).toBeLessThan(call.wave);
      }
    }
  });

  it('calls capital only after financial close, with at least ten business days to pay', () => {
    const close = index.named('financial-close');
    for (const call of calls) {
      expect(close.wave).toBeLessThan(call.wave);
      expect(text(close, 'reachedOn') <= text(call, 'issuedOn')).toBe(true);
      const signature = index.named(`signature:${placeholder(call)}`);
      expect(text(signature, 'signedOn') < text(call, 'issuedOn')).toBe(true);
      expect(text(call, 'dueOn') >= addBusinessDays(text(call, 'issuedOn'), 10)).toBe(true);
    }
    expect(calls.length).toBeGreaterThan(100);
  });

  it('never calls more than the unfunded part, and never pays more than the called amount', () => {
    for (const commitment of signedCommitments) {
      const own = calls.filter((call) => placeholder(call) === commitment.name);
      const lowered = amendments
        .filter((each) => placeholder(each) === commitment.name)
        .map((each) => amount(each, 'deltaMinor'));
      const leastMinor = amount(commitment) + sum(lowered.filter((delta) => delta < 0n));
      expect(sum(own.map((call) => amount(call)))).toBeLessThanOrEqual(leastMinor);
      for (const call of own) {
        const paid = payments.filter((payment) => placeholder(payment, 1) === call.name);
        expect(sum(paid.map((payment) => amount(payment)))).toBeLessThanOrEqual(amount(call));
        for (const payment of paid) expect(text(payment, 'paidOn') > text(call, 'issuedOn')).toBe(true);
      }
    }
  });

  it('has no signature, payment or distribution after the two years', () => {
    const dated = [...index.to(routeOf('signature')), ...payments, ...index.to(routeOf('distributions'))];
    for (const { body } of dated) expect(String(body['paidOn'] ?? body['signedOn']) < '2026-11-01').toBe(true);
  });

  it('has commitments in every state, also with a partly paid call and with a cancellation', () => {
    const courses = new Set(capital.commitments.map(({ course }) => course));
    expect(courses.size).toBe(8);
    const partly = calls.filter((call) => {
      const paidMinor = sum(payments.filter((each) => placeholder(each, 1) === call.name).map((each) => amount(each)));
      return paidMinor > 0n && paidMinor < amount(call);
    });
    expect(partly.length).toBeGreaterThan(0);
    expect(index.to(routeOf('cancellation')).length).toBeGreaterThan(0);
    const recallable = index.to(routeOf('distributions')).filter((each) => amount(each, 'recallableMinor') > 0n);
    expect(recallable.length).toBeGreaterThan(0);
  });
});
