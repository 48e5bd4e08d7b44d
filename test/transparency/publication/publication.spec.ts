import fc from 'fast-check';
import { EMPTY_ROOT } from '../../../src/tlog/merkle.js';
import { equalAccessReport } from '../../../src/transparency/method-1/equal-access-report.js';
import { fold, initialFoldState } from '../../../src/transparency/method-1/fold.js';
import { METHOD_1 } from '../../../src/transparency/method-1/method.js';
import {
  ACTIONS_PER_REPORT_MAX,
  REPORT_KINDS,
  decideCorrectiveAction,
  periodEnd,
  publishReport,
  report,
  type PublishedFacts,
  type ReportEvent,
  type ReportKind,
} from '../../../src/transparency/events/publication.js';
import { streamLines } from '../../../src/transparency/publication/publication-text.js';
import { given } from '../../support/given.js';
import { randomHistory } from '../history.js';
import { stories } from '../stories.js';

const NOW = '2026-07-01T09:00:00Z';
const HALF_YEAR = { kind: 'equal-access', periodFrom: '2026-01-01', periodTo: '2026-06-30' } as const;
const FACTS: PublishedFacts = {
  position: 42,
  treeSize: 42,
  root: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
  methodVersion: '1.0',
  byteCount: 1_000,
  sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  streams: { count: 7, sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
};
const legalBasis = '2021/1173 Art. 12b(16)';

describe('a publication', () => {
  it('commits to the report as of the end of its period', () => {
    given(report)
      .when(() => publishReport(HALF_YEAR, FACTS, NOW))
      .then([{ type: 'report-published', legalBasis, data: { ...HALF_YEAR, ...FACTS } }]);
  });

  it('reads a date as the whole day and an instant as itself', () => {
    expect(periodEnd(HALF_YEAR)).toBe(Date.parse('2026-06-30T23:59:59.999Z'));
    expect(periodEnd({ ...HALF_YEAR, periodTo: '2026-06-30T12:00:00.000Z' })).toBe(Date.parse('2026-06-30T12:00:00Z'));
    const [{ data }] = publishReport({ ...HALF_YEAR, periodTo: '2026-06-30T12:00:00.000Z' }, FACTS, NOW);
    expect(data.periodTo).toBe('2026-06-30T12:00:00Z');
  });

  it('is interim until its period is over', () => {
    const interimAt = (now: string) => publishReport(HALF_YEAR, FACTS, now)[0].data.interim;
    expect(interimAt('2026-06-30T23:59:59.999Z')).toBe(true);
    expect(interimAt('2026-07-01T00:00:00Z')).toBeUndefined();
  });

  it.each([
    ['ends before it begins', { periodFrom: '2026-07-01' }, FACTS, 'period-out-of-order'],
    ['ends when it begins', { periodFrom: NOW, periodTo: NOW }, FACTS, 'period-out-of-order'],
    ['has not begun', { periodFrom: '2026-07-02', periodTo: '2026-07-31' }, FACTS, 'period-not-begun'],
    ['ends before anything was recorded', {}, undefined, 'nothing-to-report'],
  ])('is refused when its period %s', (_what, change, facts, code) => {
    given(report)
      .when(() => publishReport({ ...HALF_YEAR, ...change }, facts, NOW))
      .refuses(code);
  });

  it('may be of one day', () => {
    const day = { ...HALF_YEAR, periodFrom: '2026-06-30' };
    expect(publishReport(day, FACTS, NOW)).toHaveLength(1);
  });
});

const published = (kind: ReportKind): ReportEvent => ({
  type: 'report-published',
  data: { ...HALF_YEAR, kind, ...FACTS },
});
const ACTION = { reportId: 'r', reason: 'Start-ups were granted half of their share.', measure: 'A higher floor.' };
const decided = (actionId: string): ReportEvent => ({
  type: 'corrective-action-decided',
  legalBasis,
  data: { actionId, ...ACTION, periodFrom: HALF_YEAR.periodFrom, periodTo: HALF_YEAR.periodTo, decidedAt: NOW },
});

describe('a corrective action', () => {
  it('names the report that shows the imbalance', () => {
    given(report, [published('equal-access')])
      .when((state) => decideCorrectiveAction(state, ACTION, 'a', NOW))
      .then([decided('a')]);
  });

  it('is refused on a report that shows no shares, and on one that does not exist', () => {
    for (const kind of ['capital', 'capacity'] as const) {
      given(report, [published(kind)])
        .when((state) => decideCorrectiveAction(state, ACTION, 'a', NOW))
        .refuses('report-without-imbalance', { kind });
    }
    given(report)
      .when((state) => decideCorrectiveAction(state, ACTION, 'a', NOW))
      .refuses('unknown-report', { id: 'r' });
  });

  it('is accepted beside earlier ones up to a limit', () => {
    const earlier = Array.from({ length: ACTIONS_PER_REPORT_MAX - 1 }, (_, index) => decided(String(index)));
    given(report, [published('equal-access'), ...earlier])
      .when((state) => decideCorrectiveAction(state, ACTION, 'a', NOW))
      .then([decided('a')]);
    given(report, [published('equal-access'), ...earlier, decided('last')])
      .when((state) => decideCorrectiveAction(state, ACTION, 'a', NOW))
      .refuses('too-many-corrective-actions', { limit: ACTIONS_PER_REPORT_MAX });
  });

  it('is shown in every later report on equal access, narrowed reports included', () => {
    const { history } = randomHistory([]);
    history.record('report-r', published('equal-access'));
    const before = history.events.reduce(fold, initialFoldState());
    expect(equalAccessReport(before).correctiveActions).toEqual([]);
    history.record('report-r', decided('a'));
    const after = history.events.reduce(fold, initialFoldState());
    const shown = [{ ...decided('a').data, category: null }];
    expect(equalAccessReport(after).correctiveActions).toEqual(shown);
    expect(equalAccessReport(after, { mode: 'regular' }).correctiveActions).toEqual(shown);
  });
});

describe('the text of a publication', () => {
  it('is canonical JSON with the figures of its kind, its position and its root', () => {
    const state = randomHistory([]).history.events.reduce(fold, initialFoldState());
    const texts = REPORT_KINDS.map((kind) => METHOD_1.text(state, EMPTY_ROOT, { kind }));
    const members = texts.map((text) => Object.keys(JSON.parse(text) as object));
    expect(members.map((names) => names.filter((name) => /^(categories|funds|rows)$/.test(name)))).toEqual([
      ['categories'],
      ['funds', 'rows'],
      ['rows'],
    ]);
    for (const text of texts) {
      expect(JSON.parse(text)).toMatchObject({ position: state.position, treeSize: state.position });
      expect(text).toContain('"root":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="');
    }
  });
});

describe('the completeness index', () => {
  it('counts every stream once, in the order of their bytes', () => {
    fc.assert(
      fc.property(stories, (choices) => {
        const counts = new Map<string, number>();
        for (const { stream } of randomHistory(choices).history.events)
          counts.set(stream, (counts.get(stream) ?? 0) + 1);
        const lines = [...streamLines(new Map([...counts].map(([stream, count]) => [stream, count - 1])))];
        expect(lines.map((line) => JSON.parse(line))).toEqual(
          [...counts]
            .map(([stream, count]) => ({ count, lastRevision: count - 1, stream }))
            .sort((one, other) => Buffer.compare(Buffer.from(one.stream), Buffer.from(other.stream))),
        );
        expect(lines.every((line) => line.endsWith('}\n'))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
