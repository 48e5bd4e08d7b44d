import fc from 'fast-check';
import {
  DECISIONS_MAX,
  acquirePartner,
  classifyPartner,
  endAffiliation,
  recordAffiliation,
  registerPartner,
} from '../../src/partners/partner.decisions.js';
import {
  CATEGORIES,
  LEGAL_FORMS,
  categoryAt,
  holdingsAt,
  parentAt,
  partner,
  partnerKindOf,
  type AffiliationKind,
  type Category,
  type LegalForm,
  type PartnerEvent,
} from '../../src/partners/partner.js';
import { given, refusalOf } from '../support/given.js';

const NOW = '2026-06-15T12:00:00Z';
const [SELF, ALPHA, BETA, GAMMA] = ['self', 'alpha', 'beta', 'gamma'];

const registered = (legalForm: LegalForm = 'company', registeredOn?: string): PartnerEvent => ({
  type: 'partner-registered',
  data: { legalName: 'Nordlys', country: 'SE', legalForm, ...(registeredOn !== undefined && { registeredOn }) },
});
const classification = (category: Category, effectiveFrom: string, evidenceRef = 'file 7') => ({
  category,
  basis: 'Recommendation 2003/361/EC',
  evidenceRef,
  effectiveFrom,
});
const classified = (category: Category, effectiveFrom: string): PartnerEvent => ({
  type: 'partner-classified',
  data: classification(category, effectiveFrom),
});
const share = (otherPartnerId: string, percent: number, effectiveFrom: string, kind?: AffiliationKind) => ({
  otherPartnerId,
  kind: kind ?? (percent > 50 ? 'linked' : 'partner'),
  percent,
  effectiveFrom,
});
const affiliated = (otherPartnerId: string, percent: number, effectiveFrom: string): PartnerEvent => ({
  type: 'affiliation-recorded',
  data: share(otherPartnerId, percent, effectiveFrom),
});
const ended = (otherPartnerId: string, effectiveFrom: string): PartnerEvent => ({
  type: 'affiliation-ended',
  data: { otherPartnerId, effectiveFrom },
});
const acquired = (acquirerId: string, effectiveFrom: string): PartnerEvent => ({
  type: 'partner-acquired',
  data: { acquirerId, effectiveFrom },
});
const stateOf = (...events: PartnerEvent[]) => given(partner, events).state;

describe('the registration of a partner', () => {
  const input = { legalName: 'Nordlys', country: 'SE', legalForm: 'company' } as const;

  it('contains the given fields and no others', () => {
    expect(registerPartner(input, NOW)).toEqual([{ type: 'partner-registered', data: input }]);
    const full = { ...input, lei: '506700GE1G29325QX363', registeredOn: '2023-05-17', source: 'register' };
    expect(registerPartner({ ...full, illustrative: true }, NOW)).toEqual([
      { type: 'partner-registered', data: { ...full, illustrative: true } },
    ]);
    expect(registerPartner({ ...input, illustrative: false }, NOW)).toEqual([
      { type: 'partner-registered', data: input },
    ]);
  });

  it('is refused for an identifier with wrong check digits, with a pointer to it', () => {
    const refusal = refusalOf(() => registerPartner({ ...input, lei: '506700GE1G29325QX364' }, NOW));
    expect(refusal).toMatchObject({ kind: 'invalid', code: 'lei-check-digits', errors: [{ pointer: '/lei' }] });
  });

  it('is accepted with today as the date of the register, and refused with tomorrow', () => {
    expect(registerPartner({ ...input, registeredOn: '2026-06-15' }, NOW)).toHaveLength(1);
    const refusal = refusalOf(() => registerPartner({ ...input, registeredOn: '2026-06-16' }, NOW));
    expect(refusal).toMatchObject({ code: 'registered-in-the-future', facts: { today: '2026-06-15' } });
  });
});

describe('Art. 12b(4): a Member State', () => {
  const input = { legalName: 'State', legalForm: 'member-state' } as const;

  it('is one of the 27, and of no third country', () => {
    expect(registerPartner({ ...input, country: 'FR' }, NOW)).toHaveLength(1);
    for (const country of ['US', 'NO', 'GB']) {
      expect(refusalOf(() => registerPartner({ ...input, country }, NOW))).toMatchObject({
        code: 'member-state-outside-union',
        facts: { country },
      });
      expect(registerPartner({ ...input, legalForm: 'public-body', country }, NOW)).toHaveLength(1);
    }
  });
});

describe('the classification of a partner', () => {
  it('contains category, basis, evidence and date', () => {
    const input = classification('sme', '2026-02-01');
    given(partner, [registered()])
      .when((state) => classifyPartner(state, input, NOW))
      .then([{ type: 'partner-classified', data: input }]);
  });

  it('is refused without a basis or evidence, and requires the designation decision for a gatekeeper', () => {
    const { when } = given(partner, [registered()]);
    when((state) => classifyPartner(state, classification('sme', '2026-02-01', ' '), NOW)).refuses('evidence-missing');
    when((state) => classifyPartner(state, classification('tech-giant', '2026-02-01', ''), NOW)).refuses(
      'evidence-missing',
      { clause: '2022/1925 Art. 3' },
    );
    const withoutBasis = { ...classification('sme', '2026-02-01'), basis: '' };
    when((state) => classifyPartner(state, withoutBasis, NOW)).refuses('evidence-missing');
  });

  it('is refused for enterprise categories of bodies under public law, and follows the evidence in all other cases', () => {
    const publicForms = ['union', 'member-state', 'public-bank', 'public-body', 'region'];
    const enterprises = ['start-up', 'sme', 'scale-up', 'tech-giant'];
    for (const legalForm of LEGAL_FORMS) {
      for (const category of CATEGORIES) {
        const decide = () =>
          classifyPartner(stateOf(registered(legalForm)), classification(category, '2026-02-01'), NOW);
        if (publicForms.includes(legalForm) && enterprises.includes(category)) {
          expect(refusalOf(decide).code).toBe('category-contradicts-legal-form');
        } else {
          expect(decide()).toHaveLength(1);
        }
      }
    }
  });

  it('accepts a start-up up to the day five years after its registration, and refuses it a day later', () => {
    const { when } = given(partner, [registered('company', '2021-03-01')]);
    when((state) => classifyPartner(state, classification('start-up', '2026-03-01'), NOW)).then([
      classified('start-up', '2026-03-01'),
    ]);
    when((state) => classifyPartner(state, classification('start-up', '2026-03-02'), NOW)).refuses('start-up-too-old', {
      clause: '651/2014 Art. 22(2)',
      lastDay: '2026-03-01',
    });
    when((state) => classifyPartner(state, classification('sme', '2026-03-02'), NOW)).then([
      classified('sme', '2026-03-02'),
    ]);
  });

  it('ends the five years of a registration on a leap day with the February five years later', () => {
    const { when } = given(partner, [registered('company', '2020-02-29')]);
    const startUp = (from: string) => classification('start-up', from);
    when((state) => classifyPartner(state, startUp('2025-02-28'), NOW)).then([classified('start-up', '2025-02-28')]);
    when((state) => classifyPartner(state, startUp('2025-03-01'), NOW)).refuses('start-up-too-old');
  });

  it('may begin on the day of the category in force, which it then corrects, but not earlier', () => {
    const { when } = given(partner, [registered(), classified('sme', '2026-02-01')]);
    when((state) => classifyPartner(state, classification('scale-up', '2026-02-01'), NOW)).then([
      classified('scale-up', '2026-02-01'),
    ]);
    when((state) => classifyPartner(state, classification('scale-up', '2026-01-31'), NOW)).refuses(
      'classification-before-latest',
      { inForceSince: '2026-02-01', effectiveFrom: '2026-01-31' },
    );
  });

  it('may replace a category that is not in force yet', () => {
    const history = [registered(), classified('sme', '2026-02-01'), classified('large-enterprise', '2199-01-01')];
    given(partner, history)
      .when((state) => classifyPartner(state, classification('scale-up', '2026-07-01'), NOW))
      .then([classified('scale-up', '2026-07-01')]);
    const state = stateOf(...history, classified('scale-up', '2026-07-01'));
    expect(categoryAt(state, '2199-06-01T00:00:00Z')).toBe('scale-up');
  });

  it('is possible `DECISIONS_MAX` times', () => {
    const dates = Array.from({ length: DECISIONS_MAX }, (_, day) =>
      new Date(Date.UTC(2020, 0, 1 + day)).toISOString().slice(0, 10),
    );
    const history = dates.map((date) => classified('sme', date));
    const next = classification('sme', '2026-06-01');
    given(partner, [registered(), ...history])
      .when((state) => classifyPartner(state, next, NOW))
      .refuses('too-many-decisions', { limit: DECISIONS_MAX });
    given(partner, [registered(), ...history.slice(1)])
      .when((state) => classifyPartner(state, next, NOW))
      .then([{ type: 'partner-classified', data: next }]);
  });
});

describe('the category of a partner', () => {
  const history = [registered(), classified('start-up', '2026-02-01'), classified('large-enterprise', '2026-05-01')];

  it('is undefined before the first classification', () => {
    expect(categoryAt(partner.initial, NOW)).toBeUndefined();
    expect(categoryAt(stateOf(...history), '2026-01-31T23:59:59.999Z')).toBeUndefined();
  });

  it('is the category in force at the instant, whatever category is recorded later', () => {
    const state = stateOf(...history);
    expect(categoryAt(state, '2026-02-01T00:00:00Z')).toBe('start-up');
    expect(categoryAt(state, '2026-04-30T23:59:59.999Z')).toBe('start-up');
    expect(categoryAt(state, '2026-05-01T00:00:00Z')).toBe('large-enterprise');
  });
});

describe('an affiliation of a partner', () => {
  const record = (percent: number, kind: AffiliationKind) => (state: ReturnType<typeof stateOf>) =>
    recordAffiliation(state, SELF, share(ALPHA, percent, '2026-02-01', kind), [], NOW);

  it('is of the kind partner for 25 to 50 %, and linked for more', () => {
    const { when } = given(partner, [registered()]);
    for (const percent of [25, 50]) {
      when(record(percent, 'partner')).then([
        { type: 'affiliation-recorded', data: share(ALPHA, percent, '2026-02-01', 'partner') },
      ]);
    }
    for (const percent of [50.0001, 100]) {
      when(record(percent, 'linked')).then([
        { type: 'affiliation-recorded', data: share(ALPHA, percent, '2026-02-01', 'linked') },
      ]);
    }
  });

  it('is refused if its kind contradicts the share', () => {
    const { when } = given(partner, [registered()]);
    const clause = 'Recommendation 2003/361/EC, Annex, Art. 3';
    for (const percent of [24.9999, 50.0001]) {
      when(record(percent, 'partner')).refuses('affiliation-kind-mismatch', { clause, percent });
    }
    for (const percent of [50, 100.0001]) {
      when(record(percent, 'linked')).refuses('affiliation-kind-mismatch', { clause, percent });
    }
  });

  it('is refused for a share of itself, and for a holder in which the partner itself holds a share', () => {
    const { when } = given(partner, [registered()]);
    when((state) => recordAffiliation(state, SELF, share(SELF, 30, '2026-02-01'), [], NOW)).refuses(
      'affiliation-with-itself',
    );
    when((state) => recordAffiliation(state, SELF, share(ALPHA, 30, '2026-02-01'), [BETA, SELF], NOW)).refuses(
      'ownership-cycle',
      { partnerId: SELF, ownerId: ALPHA },
    );
    when((state) => recordAffiliation(state, SELF, share(ALPHA, 30, '2026-02-01'), [BETA], NOW)).then([
      affiliated(ALPHA, 30, '2026-02-01'),
    ]);
  });

  it('may bring the sum of shares to exactly 100 %, and not a ten-thousandth more', () => {
    const { when } = given(partner, [
      registered(),
      affiliated(ALPHA, 33.3, '2026-01-01'),
      affiliated(BETA, 33.3, '2026-01-01'),
    ]);
    when((state) => recordAffiliation(state, SELF, share(GAMMA, 33.4, '2026-02-01'), [], NOW)).then([
      affiliated(GAMMA, 33.4, '2026-02-01'),
    ]);
    when((state) => recordAffiliation(state, SELF, share(GAMMA, 33.4001, '2026-02-01'), [], NOW)).refuses(
      'holdings-above-hundred',
      { date: '2026-02-01', sumPercent: 100.0001 },
    );
  });

  it('is refused if the sum of shares exceeds 100 % at a later date', () => {
    const { when } = given(partner, [
      registered(),
      affiliated(ALPHA, 30, '2026-01-01'),
      affiliated(ALPHA, 60, '2026-09-01'),
    ]);
    when((state) => recordAffiliation(state, SELF, share(BETA, 50, '2026-02-01'), [], NOW)).refuses(
      'holdings-above-hundred',
      { date: '2026-09-01', sumPercent: 110 },
    );
    when((state) => recordAffiliation(state, SELF, share(BETA, 40, '2026-02-01'), [], NOW)).then([
      affiliated(BETA, 40, '2026-02-01'),
    ]);
  });

  it('replaces the share of the same holder, and does not count the old share or an ended one', () => {
    const { when } = given(partner, [
      registered(),
      affiliated(ALPHA, 60, '2026-01-01'),
      affiliated(BETA, 40, '2026-01-01'),
    ]);
    when((state) => recordAffiliation(state, SELF, share(ALPHA, 55, '2026-03-01'), [], NOW)).then([
      affiliated(ALPHA, 55, '2026-03-01'),
    ]);
    given(partner, [registered(), affiliated(ALPHA, 60, '2026-01-01'), ended(ALPHA, '2026-03-01')])
      .when((state) => recordAffiliation(state, SELF, share(BETA, 70, '2026-03-01'), [], NOW))
      .then([affiliated(BETA, 70, '2026-03-01')]);
    given(partner, [registered(), affiliated(ALPHA, 60, '2026-01-01'), ended(ALPHA, '2026-03-01')])
      .when((state) => recordAffiliation(state, SELF, share(BETA, 70, '2026-02-28'), [], NOW))
      .refuses('holdings-above-hundred', { date: '2026-02-28', sumPercent: 130 });
  });

  it('cannot change a share before the day on which the share came into force', () => {
    const { when } = given(partner, [registered(), affiliated(ALPHA, 30, '2026-02-01')]);
    when((state) => recordAffiliation(state, SELF, share(ALPHA, 40, '2026-01-31'), [], NOW)).refuses(
      'affiliation-before-latest',
    );
    when((state) => recordAffiliation(state, SELF, share(ALPHA, 40, '2026-02-01'), [], NOW)).then([
      affiliated(ALPHA, 40, '2026-02-01'),
    ]);
  });
});

describe('the end of an affiliation', () => {
  const history = [registered(), affiliated(ALPHA, 60, '2026-02-01')];

  it('is accepted for a day on which the share is held, and refused for an earlier day or another partner', () => {
    const { when } = given(partner, history);
    when((state) => endAffiliation(state, { otherPartnerId: ALPHA, effectiveFrom: '2026-02-01' }, NOW)).then([
      ended(ALPHA, '2026-02-01'),
    ]);
    when((state) => endAffiliation(state, { otherPartnerId: ALPHA, effectiveFrom: '2026-01-31' }, NOW)).refuses(
      'affiliation-not-in-force',
    );
    when((state) => endAffiliation(state, { otherPartnerId: BETA, effectiveFrom: '2026-02-01' }, NOW)).refuses(
      'affiliation-not-in-force',
    );
  });

  it('is refused before a change of the share that is in force', () => {
    given(partner, [registered(), affiliated(ALPHA, 30, '2026-01-01'), affiliated(ALPHA, 60, '2026-03-01')])
      .when((state) => endAffiliation(state, { otherPartnerId: ALPHA, effectiveFrom: '2026-02-01' }, NOW))
      .refuses('affiliation-before-latest', { inForceSince: '2026-03-01' });
  });

  it('removes the holder from the list from that day on', () => {
    const state = stateOf(...history, ended(ALPHA, '2026-04-01'));
    expect([...holdingsAt(state, '2026-03-31').keys()]).toEqual([ALPHA]);
    expect([...holdingsAt(state, '2026-04-01').keys()]).toEqual([]);
  });
});

describe('an acquisition', () => {
  it('is recorded with its date', () => {
    given(partner, [registered()])
      .when((state) => acquirePartner(state, SELF, { acquirerId: ALPHA, effectiveFrom: '2026-02-01' }, [BETA], NOW))
      .then([acquired(ALPHA, '2026-02-01')]);
  });

  it('is refused for the partner itself, in a circle, and before the acquisition in force', () => {
    const { when } = given(partner, [registered(), acquired(BETA, '2026-02-01')]);
    const acquire =
      (acquirerId: string, effectiveFrom: string, ancestors: string[]) => (state: ReturnType<typeof stateOf>) =>
        acquirePartner(state, SELF, { acquirerId, effectiveFrom }, ancestors, NOW);
    when(acquire(SELF, '2026-03-01', [])).refuses('acquired-by-itself');
    when(acquire(ALPHA, '2026-03-01', [GAMMA, SELF])).refuses('ownership-cycle');
    when(acquire(ALPHA, '2026-01-31', [])).refuses('acquisition-before-latest', { inForceSince: '2026-02-01' });
    when(acquire(ALPHA, '2026-02-01', [])).then([acquired(ALPHA, '2026-02-01')]);
  });
});

describe('the parent of a partner', () => {
  it('is undefined while no partner holds the majority', () => {
    expect(parentAt(partner.initial, NOW)).toBeUndefined();
    expect(parentAt(stateOf(registered(), affiliated(ALPHA, 50, '2026-01-01')), NOW)).toBeUndefined();
  });

  it('is the holder of the majority, and the acquirer takes precedence, each from its day on', () => {
    const state = stateOf(registered(), affiliated(ALPHA, 60, '2026-02-01'), acquired(BETA, '2026-05-01'));
    expect(parentAt(state, '2026-01-31T23:59:59.999Z')).toBeUndefined();
    expect(parentAt(state, '2026-02-01T00:00:00Z')).toBe(ALPHA);
    expect(parentAt(state, '2026-04-30T23:59:59.999Z')).toBe(ALPHA);
    expect(parentAt(state, '2026-05-01T00:00:00Z')).toBe(BETA);
  });

  it('is undefined again after the end of the majority', () => {
    const state = stateOf(registered(), affiliated(ALPHA, 60, '2026-02-01'), ended(ALPHA, '2026-05-01'));
    expect(parentAt(state, '2026-05-01')).toBeUndefined();
  });
});

describe('the aggregate partner', () => {
  it('derives the kind of money from each legal form', () => {
    // Only a company and the consortium bring private money.
    expect(LEGAL_FORMS.map(partnerKindOf)).toEqual([
      'union',
      'member-state',
      'public-bank',
      'private',
      'public-other',
      'public-other',
      'public-other',
      'private',
      'regional',
    ]);
  });

  it('does not change an earlier state', () => {
    const state = stateOf(registered(), affiliated(ALPHA, 60, '2026-02-01'));
    partner.evolve(state, ended(ALPHA, '2026-03-01'));
    partner.evolve(state, classified('sme', '2026-03-01'));
    expect(state).toEqual(stateOf(registered(), affiliated(ALPHA, 60, '2026-02-01')));
  });

  it('stops at an unknown event, and at a stream that begins in the middle', () => {
    const strange = { type: 'partner-dissolved', data: {} } as unknown as PartnerEvent;
    expect(() => partner.evolve(stateOf(registered()), strange)).toThrow('partner-dissolved');
    expect(() => partner.evolve(partner.initial, classified('sme', '2026-01-01'))).toThrow('begins with');
  });

  it('never has shares of more than 100 % on any day, after any commands', () => {
    const days = Array.from({ length: 28 }, (_, day) => `2026-02-${String(day + 1).padStart(2, '0')}`);
    const ask = fc.record({
      holder: fc.constantFrom(ALPHA, BETA, GAMMA),
      percent: fc.integer({ min: 250_000, max: 1_000_000 }).map((units) => units / 10_000),
      date: fc.constantFrom(...days),
      isEnd: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(ask, { maxLength: 30 }), (asks) => {
        let state = stateOf(registered());
        for (const { holder, percent, date, isEnd } of asks) {
          try {
            const events = isEnd
              ? endAffiliation(state, { otherPartnerId: holder, effectiveFrom: date }, '2026-02-10T00:00:00Z')
              : recordAffiliation(state, SELF, share(holder, percent, date), [], '2026-02-10T00:00:00Z');
            for (const event of events) state = partner.evolve(state, event);
          } catch (error) {
            expect(error).toHaveProperty('code');
          }
        }
        for (const day of days) {
          const units = [...holdingsAt(state, day).values()].reduce(
            (sum, held) => sum + Math.round(held.percent * 1e4),
            0,
          );
          expect(units).toBeLessThanOrEqual(1_000_000);
        }
      }),
    );
  });
});
