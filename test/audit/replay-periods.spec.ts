import { AGGREGATES } from '../../src/aggregates.js';
import type { Finding } from '../../src/audit/audit-finding.js';
import { openLog } from '../../src/audit/audit-log.js';
import { replay } from '../../src/audit/audit-replay.js';
import { noteKeyOf } from '../../src/tlog/note-key.js';
import { METHODS } from '../../src/transparency/methods.js';
import { EnvelopeWriter, LOG_KEY, signedLog, type WrittenEvent } from './written-log.js';
import { partner } from './written-programme.js';

const key = noteKeyOf(LOG_KEY);
const BEFORE = 3;

/** Three partners of 2025, two of 2026, and a report that is published in 2026. */
async function findingOf(data: Record<string, unknown>): Promise<Finding | undefined> {
  const writer = new EnvelopeWriter();
  const at = (recordedAt: string, event: WrittenEvent): WrittenEvent => ({ ...event, envelope: { recordedAt } });
  const published: WrittenEvent = {
    stream: 'report-r1',
    type: 'report-published',
    data: {
      kind: 'equal-access',
      periodFrom: '2025-01-01',
      periodTo: '2025-12-31',
      position: BEFORE,
      treeSize: BEFORE,
      methodVersion: METHODS.current.version,
      ...data,
    },
  };
  const events = [
    at('2025-06-01T00:00:00Z', partner('p1', 'company')),
    at('2025-12-31T23:59:59.998Z', partner('p2', 'company')),
    at('2025-12-31T23:59:59.999Z', partner('p3', 'company')),
    at('2026-01-01T00:00:00Z', partner('p4', 'company')),
    at('2026-02-01T00:00:00Z', partner('p5', 'company')),
    at('2026-02-02T00:00:00Z', published),
  ];
  const log = await openLog(signedLog(events.flatMap((event) => writer.command(event))), { key });
  const { findings } = await replay(log, {}, { aggregates: AGGREGATES });
  return findings.has('periods of reports') ? findings.first : undefined;
}

describe('the period of a published report', () => {
  it('holds for a final report as of the last event in it', async () => {
    expect(await findingOf({})).toBeUndefined();
  });

  it.each([
    ['leaves out the last event', { position: BEFORE - 1, treeSize: BEFORE - 1 }, 'leaves out events'],
    ['has an event of the next period', { position: BEFORE + 1, treeSize: BEFORE + 1 }, 'or has later ones'],
    [
      'was final before the end',
      { periodTo: '2026-12-31', position: 5, treeSize: 5 },
      'final before its period was over',
    ],
    ['was final at its last instant', { periodTo: '2026-02-02T00:00:00Z', position: 5, treeSize: 5 }, 'final before'],
    ['names no period', { periodTo: { toString: 0 } }, 'names no period'],
    ['names a day that there is not', { periodTo: '2025-13-45' }, 'names no period'],
  ])('does not hold for a report that %s', async (_what, data, message) => {
    expect(await findingOf(data)).toMatchObject({
      check: 'periods of reports',
      position: 6,
      message: expect.stringContaining(message),
    });
  });

  it('is open for an interim report', async () => {
    expect(await findingOf({ periodTo: '2026-12-31', position: 4, treeSize: 4, interim: true })).toBeUndefined();
  });
});
