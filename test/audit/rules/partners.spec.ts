import { type WrittenEvent } from '../written-log.js';
import * as story from '../written-programme.js';
import { expectRight, expectWrong } from './added-events.js';

const { named } = story;
const company = (name: string, data: Record<string, unknown> = {}): WrittenEvent => ({
  stream: `partner-${named(name)}`,
  type: 'partner-registered',
  data: { legalName: name, country: 'SE', legalForm: 'company', ...data },
});
const classified = (name: string, category: string, effectiveFrom: string): WrittenEvent => ({
  stream: `partner-${named(name)}`,
  type: 'partner-classified',
  data: { category, basis: 'b', evidenceRef: 'e', effectiveFrom },
});
const share = (owned: string, holder: string, percent: number, effectiveFrom = '2026-01-01'): WrittenEvent => ({
  stream: `partner-${named(owned)}`,
  type: 'affiliation-recorded',
  data: { otherPartnerId: named(holder), kind: percent > 50 ? 'linked' : 'partner', percent, effectiveFrom },
});
const ended = (owned: string, holder: string, effectiveFrom: string): WrittenEvent => ({
  stream: `partner-${named(owned)}`,
  type: 'affiliation-ended',
  data: { otherPartnerId: named(holder), effectiveFrom },
});
const acquired = (owned: string, acquirer: string, effectiveFrom = '2026-01-01'): WrittenEvent => ({
  stream: `partner-${named(owned)}`,
  type: 'partner-acquired',
  data: { acquirerId: named(acquirer), effectiveFrom },
});
const submitted = (data: Record<string, unknown>): WrittenEvent => ({
  stream: `access-request-${named('added')}`,
  type: 'access-request-submitted',
  data: { ...story.applicationOf(50), sector: 's', submittedBy: 'programme', ...data },
});

// The programme is recorded on 2 March 2026, some seconds after 08:00.
describe('the categories of partners', () => {
  it('fit the legal form', async () => {
    await expectRight(company('a', { legalForm: 'public-body' }), classified('a', 'public-body', '2026-01-01'));
    await expectWrong(
      ['partners', 'A partner of the form public-body is no start-up.'],
      company('a', { legalForm: 'public-body' }),
      classified('a', 'start-up', '2026-01-01'),
    );
  });

  it('are start-up for five years from the registration at most', async () => {
    const young = company('a', { registeredOn: '2021-02-01' });
    await expectRight(young, classified('a', 'start-up', '2026-02-01'));
    await expectRight(young, classified('a', 'sme', '2026-02-02'));
    await expectWrong(['partners', 'too old to be a start-up'], young, classified('a', 'start-up', '2026-02-02'));
  });

  it('begin no earlier than the one in force', async () => {
    const first = classified('a', 'start-up', '2026-02-01');
    await expectRight(company('a'), first, classified('a', 'sme', '2026-02-01'));
    await expectRight(company('a'), first, classified('a', 'sme', '2027-01-01'), classified('a', 'sme', '2026-06-01'));
    await expectWrong(
      ['partners', 'The category begins before the one in force.'],
      company('a'),
      first,
      classified('a', 'sme', '2026-01-31'),
    );
  });
});

describe('the hosting state of a facility', () => {
  const site = (hostStatePartnerId: string): WrittenEvent => ({
    stream: `facility-${named('hosted')}`,
    type: 'facility-registered',
    data: { name: 'Hosted', country: 'SE', kind: 'ai-factory', hostStatePartnerId },
  });

  it('is a partner of the form member-state', async () => {
    await expectRight(site(story.STATE));
    await expectWrong(['partners', 'The hosting state is no Member State.'], site(story.STARTUP));
  });
});

describe('the owners of partners', () => {
  const [a, b, c] = [company('a'), company('b'), company('c')];

  it('hold shares of their kind, 100 % together at most', async () => {
    await expectRight(a, b, c, share('a', 'b', 50), share('a', 'c', 50));
    await expectRight(a, b, c, share('a', 'b', 60), ended('a', 'b', '2026-02-01'), share('a', 'c', 60, '2026-02-01'));
    await expectWrong(['ownership', 'More than 100 %'], a, b, c, share('a', 'b', 60), share('a', 'c', 40.0001));
    await expectWrong(['ownership', 'not one of its kind'], a, b, share('a', 'b', 24.9));
    const linked = share('a', 'b', 50);
    await expectWrong(['ownership', 'not one of its kind'], a, b, {
      ...linked,
      data: { ...linked.data, kind: 'linked' },
    });
  });

  it('own no part of themselves, of their owners, or of the owners of these', async () => {
    await expectRight(a, b, c, acquired('a', 'b'), share('b', 'c', 30));
    await expectRight(a, b, share('a', 'b', 60), ended('a', 'b', '2026-02-01'), acquired('b', 'a', '2026-02-01'));
    await expectWrong(['ownership', 'acquires itself'], a, acquired('a', 'a'));
    await expectWrong(['ownership', 'a share of itself'], a, share('a', 'a', 30));
    await expectWrong(['ownership', 'owned by this partner already'], a, b, acquired('a', 'b'), acquired('b', 'a'));
    await expectWrong(
      ['ownership', 'owned by this partner already'],
      a,
      b,
      c,
      share('a', 'b', 30),
      acquired('b', 'c', '2027-01-01'),
      share('c', 'a', 30),
    );
  });

  it('are not replaced before they began, and end where they hold something', async () => {
    await expectWrong(['ownership', 'begins before'], a, b, share('a', 'b', 30), share('a', 'b', 40, '2025-12-31'));
    await expectWrong(['ownership', 'begins before'], a, b, acquired('a', 'b'), acquired('a', 'b', '2025-12-31'));
    await expectWrong(['ownership', 'A share ends'], a, b, ended('a', 'b', '2026-02-01'));
    await expectWrong(
      ['ownership', 'A share ends'],
      a,
      b,
      share('a', 'b', 30, '2027-01-01'),
      ended('a', 'b', '2026-12-31'),
    );
  });

  it('are named by a request as they were at its submission', async () => {
    const start = [a, b, classified('a', 'start-up', '2026-01-01')];
    const of = (top: string): WrittenEvent => submitted({ partnerId: named('a'), ultimateParentId: named(top) });
    await expectRight(...start, of('a'));
    await expectRight(...start, share('a', 'b', 50), of('a'));
    await expectRight(...start, share('a', 'b', 51), of('b'));
    await expectRight(...start, acquired('a', 'b', '2026-03-03'), of('a'));
    await expectWrong(['ownership', 'another ultimate parent'], ...start, of('b'));
    await expectWrong(['ownership', 'another ultimate parent'], ...start, acquired('a', 'b', '2026-03-02'), of('a'));
  });
});

describe('the country of an applicant that is found eligible', () => {
  const listed = (version: number, ...value: string[]): WrittenEvent => ({
    stream: 'policy-associated-countries',
    type: 'policy-adopted',
    role: 'board',
    data: { policy: 'associated-countries', version, value, effectiveFrom: '2026-03-02T08:00:00Z', reason: 'r' },
  });
  const start = [company('a', { country: 'NO' }), classified('a', 'start-up', '2026-01-01')];
  const application = { partnerId: named('a'), ultimateParentId: named('a'), country: 'NO' };
  const checked = (type: string, checkedAt: string): WrittenEvent => ({
    stream: `access-request-${named('added')}`,
    type,
    actor: 'panel',
    effectiveAt: checkedAt,
    data: { ...story.applicationOf(50), ...application, reasonCodes: ['ok'], checkedAt },
  });
  const CONFIRMED = 'eligibility-confirmed';

  it('is a Member State, or on the list of that instant', async () => {
    const request = submitted(application);
    await expectRight(...start, listed(1, 'NO'), request, checked(CONFIRMED, '2026-03-02T08:00:00Z'));
    await expectRight(...start, request, checked('eligibility-refused', '2026-03-02T08:00:00Z'));
    const message = 'The applicant is established in no eligible country.';
    await expectWrong(['eligibility', message], ...start, request, checked(CONFIRMED, '2026-03-02T08:00:00Z'));
    await expectWrong(
      ['eligibility', message],
      ...start,
      listed(1, 'NO'),
      listed(2, 'CH'),
      request,
      checked(CONFIRMED, '2026-03-02T08:00:00Z'),
    );
  });
});
