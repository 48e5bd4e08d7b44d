import { METHODS } from '../../../src/transparency/methods.js';
import type { WrittenEvent } from '../written-log.js';
import * as story from '../written-programme.js';
import { expectRight, expectWrong } from './added-events.js';

const { named } = story;

// The programme is recorded on 2 March 2026, some seconds after 08:00.
describe('the versions of a policy', () => {
  const adopted = (version: number, effectiveFrom: string, value: unknown = { kinds: ['capex'] }): WrittenEvent => ({
    stream: 'policy-matching-basis',
    type: 'policy-adopted',
    role: 'board',
    data: { policy: 'matching-basis', version, value, effectiveFrom, reason: 'r' },
  });
  const countries = (...value: string[]): WrittenEvent => ({
    stream: 'policy-associated-countries',
    type: 'policy-adopted',
    role: 'board',
    data: { policy: 'associated-countries', version: 1, value, effectiveFrom: '2026-01-01T00:00:00Z', reason: 'r' },
  });

  it('begin when the one in force begins, later, or instead of one that was not in force yet', async () => {
    await expectRight(adopted(1, '2026-02-01T00:00:00Z'), adopted(2, '2026-02-01T00:00:00Z'));
    await expectRight(
      adopted(1, '2026-02-01T00:00:00Z'),
      adopted(2, '2027-01-01T00:00:00Z'),
      adopted(3, '2026-06-01T00:00:00Z'),
    );
  });

  it('do not begin before the one in force', async () => {
    await expectWrong(
      ['policies', 'begins before the one that was in force'],
      adopted(1, '2026-02-01T00:00:00Z'),
      adopted(2, '2026-01-31T23:59:59.999Z'),
    );
  });

  it('have lists that are sorted sets, of kinds and of third countries', async () => {
    await expectRight(adopted(1, '2026-01-01T00:00:00Z', { kinds: ['capex', 'in-kind'] }), countries('CH', 'NO'));
    await expectWrong(['policies', 'names no kind'], adopted(1, '2026-01-01T00:00:00Z', { kinds: [] }));
    await expectWrong(['policies', 'not sorted'], adopted(1, '2026-01-01T00:00:00Z', { kinds: ['in-kind', 'capex'] }));
    await expectWrong(['policies', 'not sorted'], countries('NO', 'NO'));
    await expectWrong(['policies', 'no third country'], countries('FR', 'NO'));
  });
});

describe('a yearly submission, Art. 12b(17)(l)', () => {
  const sha = 'a'.repeat(64);
  // The programme is recorded in March 2026.
  const submission = (data: Record<string, unknown> = {}): WrittenEvent => ({
    stream: `facility-${story.SITE}`,
    type: 'yearly-submitted',
    data: {
      ...{ year: 2025, version: 1, submittedOn: '2026-01-31', dataSha256: sha, dataPosition: 3 },
      ...{ dataMethodVersion: '2.0', auditReportSha256: sha, ...data },
    },
  });

  it('is in time on 31 January and late on 1 February, and says so', async () => {
    await expectRight(submission());
    await expectRight(submission({ submittedOn: '2026-02-01', isLate: true }));
    await expectWrong(['yearly-submissions', 'lateness'], submission({ isLate: true }));
    await expectWrong(['yearly-submissions', 'lateness'], submission({ submittedOn: '2026-02-01' }));
  });

  it('is dated after its year, and not after its recording', async () => {
    await expectRight(submission({ submittedOn: '2026-01-01' }));
    await expectWrong(['yearly-submissions', 'before its year'], submission({ submittedOn: '2025-12-31' }));
    await expectWrong(
      ['yearly-submissions', 'after its recording'],
      submission({ submittedOn: '2026-03-03', isLate: true }),
    );
  });

  it('counts its versions by year, and is of events before it', async () => {
    await expectRight(
      submission(),
      submission({ version: 2, submittedOn: '2026-02-20' }),
      submission({ year: 2024, isLate: true }),
    );
    await expectWrong(['yearly-submissions', 'next one'], submission(), submission());
    await expectWrong(['yearly-submissions', 'come after'], submission({ dataPosition: 10_000 }));
  });
});

describe('a publication', () => {
  const position = 20;
  const published = (data: Record<string, unknown> = {}, id = 'one'): WrittenEvent => ({
    stream: `report-${named(id)}`,
    type: 'report-published',
    data: {
      kind: 'equal-access',
      periodFrom: '2025-01-01',
      periodTo: '2025-12-31',
      position,
      treeSize: position,
      root: Buffer.alloc(32).toString('base64'),
      methodVersion: METHODS.current.version,
      byteCount: 1,
      sha256: '00'.repeat(32),
      streams: { count: 1, sha256: '00'.repeat(32) },
      ...data,
    },
  });
  const decided = (data: Record<string, unknown> = {}, id = 'one'): WrittenEvent => ({
    stream: `report-${named(id)}`,
    type: 'corrective-action-decided',
    role: 'board',
    data: {
      periodFrom: '2025-01-01',
      periodTo: '2025-12-31',
      actionId: named('action'),
      reportId: named(id),
      reason: 'r',
      measure: 'm',
      decidedAt: '2026-03-02T08:00:00Z',
      ...data,
    },
  });

  it('is final after its period, or interim', async () => {
    await expectRight(published(), decided());
    await expectRight(published({ periodTo: '2026-12-31', interim: true }));
    await expectRight(published({ periodTo: '2026-03-02' }));
  });

  it.each([
    ['another size of the tree', { treeSize: 1 }, 'another size'],
    ['a history after it', { position: 1_000, treeSize: 1_000 }, 'not of a history before it'],
    ['a period that ends before it begins', { periodFrom: '2026-01-01' }, 'ends before it begins'],
    ['a period that had not begun', { periodFrom: '2027-01-01', periodTo: '2027-12-31', interim: true }, 'not begun'],
    ['a period that was not over', { periodTo: '2026-12-31' }, 'its period was not over'],
  ])('is not of %s', async (_, data, message) => {
    await expectWrong(['publications', message], published(data));
  });

  it('lists the streams', async () => {
    await expectWrong(['envelopes', '/data/streams must be there.'], published({ streams: undefined }));
  });

  it('is made once on its stream', async () => {
    await expectWrong(['publications', 'a second time'], published(), published());
  });

  it('is the ground of corrective actions on it alone', async () => {
    await expectWrong(['publications', 'never published'], decided());
    await expectWrong(['publications', 'another report'], published(), decided({ reportId: named('two') }));
    await expectWrong(['publications', 'of another kind'], published({ kind: 'capital' }), decided());
    await expectWrong(['publications', 'periodTo is not'], published(), decided({ periodTo: '2025-12-30' }));
  });
});

describe('the actor of an event', () => {
  const pledged = (actor: string, role: string): WrittenEvent => ({
    stream: `commitment-${named('c3')}`,
    type: 'commitment-pledged',
    actor,
    role,
    data: { ...story.termsOf(story.STATE, 'member-state'), amountMinor: '1' },
  });
  const site = (id: string, operatorPartnerId?: string): WrittenEvent => ({
    stream: `facility-${named(id)}`,
    type: 'facility-registered',
    data: { name: id, country: 'SE', kind: 'ai-factory', ...(operatorPartnerId && { operatorPartnerId }) },
  });
  const installed = (id: string, actor: string): WrittenEvent => ({
    stream: `facility-${named(id)}`,
    type: 'capacity-installed',
    actor,
    role: 'facility',
    data: { chipModel: 'h200', chips: 1, effectiveFrom: '2026-01-01T00:00:00Z' },
  });

  it('has a role whose commands cause the event, and acts as a partner on its own', async () => {
    await expectRight(pledged('programme', 'operator'));
    await expectRight(pledged(story.STATE, 'partner'));
    await expectRight(site('own', story.STARTUP), installed('own', story.STARTUP));
  });

  it('is not a role that nobody knows or that may do something else', async () => {
    await expectWrong(['actors', 'The role of the actor'], pledged('programme', 'superuser'));
    await expectWrong(['actors', 'The role of the actor'], pledged('board', 'board'));
    await expectWrong(['actors', 'The role of the actor'], {
      ...story.classified(story.STARTUP, 'sme'),
      role: 'partner',
      actor: story.STARTUP,
    });
  });

  it('is not another partner, nor another operator of a site', async () => {
    await expectWrong(['actors', 'A key of a partner'], pledged(story.UNION, 'partner'));
    await expectWrong(['actors', 'A key of a partner'], site('own', story.STARTUP), installed('own', story.UNION));
    await expectWrong(['actors', 'A key of a partner'], site('own'), installed('own', story.STARTUP));
  });

  it('records late as operator or panel alone', async () => {
    const [request] = story
      .programme()
      .flat()
      .filter(({ type }) => type === 'access-request-submitted');
    const late = (actor: string, role: string): WrittenEvent => ({
      stream: `access-request-${named('late')}`,
      type: 'access-request-submitted',
      actor,
      role,
      effectiveAt: '2026-03-02T08:00:00Z',
      data: { ...request?.data },
    });
    await expectRight(late('programme', 'operator'));
    await expectWrong(['actors', 'records late'], late(story.STARTUP, 'partner'));
  });
});
