import { AGGREGATES } from '../../src/aggregates.js';
import type { Verification } from '../../src/audit/verification.js';
import { verify } from '../../src/audit/verify.js';
import { noteKeyOf } from '../../src/tlog/note-key.js';
import { EnvelopeWriter, LOG_KEY, signedLog, type WrittenEvent } from './written-log.js';
import * as story from './written-programme.js';

type Commands = WrittenEvent[][];

const NOW_MS = Date.parse('2026-11-27T00:00:00Z');

const verified = (commands: Commands, nowMs = NOW_MS): Promise<Verification> => {
  const writer = new EnvelopeWriter();
  const entries = commands.flatMap((events) => writer.command(...events));
  return verify(signedLog(entries), { trust: { key: noteKeyOf(LOG_KEY) }, aggregates: AGGREGATES, nowMs });
};

function find(commands: Commands, type: string): WrittenEvent {
  const found = commands.flat().find((event) => event.type === type);
  if (!found) throw new Error(`The programme has no ${type}.`);
  return found;
}

/** The programme, and the first event of a type with other data and another envelope. */
function changed(type: string, data: Record<string, unknown>, envelope: Record<string, unknown> = {}) {
  const commands = story.programme();
  const event = find(commands, type);
  Object.assign(event.data, data);
  event.envelope = envelope;
  return { commands, position: commands.flat().indexOf(event) + 1 };
}

/** The programme with every event recorded at the same instants, but from an event of a type on at another one. */
function stamped(from: string, recordedAt: string): Commands {
  const commands = story.programme();
  const events = commands.flat();
  for (const event of events.slice(events.indexOf(find(commands, from))))
    event.envelope = { ...event.envelope, recordedAt };
  return commands;
}

const doubtsOf = ({ notChecked }: Verification): string[] =>
  notChecked.filter(({ check }) => check === 'times').map(({ what }) => what);

// The programme is recorded on 2 March 2026, some seconds after 08:00.
describe('the times of a history', () => {
  it('hold in the programme, without a doubt', async () => {
    const result = await verified(story.programme());
    expect(result.checked.map(({ check }) => check)).toContain('times');
    expect([result.verdict, doubtsOf(result)]).toEqual(['verified', []]);
  });

  it.each([
    ['access-denied', { decidedAt: '2026-03-01T08:00:20Z' }, {}],
    ['access-denied', { decidedAt: '2026-03-03T08:00:00Z' }, {}],
    ['access-denied', { decidedAt: '2026-03-02T08:00:00Z' }, { effectiveAt: '2026-03-02T08:00:00Z' }],
    ['capital-call-paid', { paidOn: '2026-03-03' }, {}],
    ['partner-registered', { registeredOn: '2026-03-03' }, {}],
    ['partner-registered', { registeredOn: '1990-03-03' }, {}],
    ['api-key-issued', { expiresAt: '2026-03-02T08:00:00Z' }, {}],
  ])('allow a %s of %j and the envelope %j', async (type, data, envelope) => {
    expect(await verified(changed(type, data, envelope).commands)).toMatchObject({ verdict: 'verified', findings: 0 });
  });

  it.each([
    ['access-denied', { decidedAt: '2020-01-01T00:00:00Z' }, {}, 'decidedAt is long before the recording'],
    ['access-denied', { decidedAt: '2026-03-01T08:00:00Z' }, {}, 'decidedAt is long before the recording'],
    ['access-denied', { decidedAt: '2150-01-01T00:00:00Z' }, {}, 'decidedAt is after the recording'],
    ['access-denied', { decidedAt: '2026-03-03T08:01:00Z' }, {}, 'decidedAt is after the recording'],
    [
      'access-denied',
      { decidedAt: '2026-03-03T08:01:00Z' },
      { effectiveAt: '2026-03-03T08:01:00Z' },
      'decidedAt is after the recording',
    ],
    ['grant-revoked', { revokedAt: '2026-03-04T08:20:00Z' }, {}, 'revokedAt is after the recording'],
    ['commitment-signed', { signedOn: '2026-03-04' }, {}, 'signedOn is after the day of the recording'],
    ['capital-call-paid', { paidOn: '2026-03-04' }, {}, 'paidOn is after the day of the recording'],
    ['distribution-paid', { paidOn: '2026-03-04' }, {}, 'paidOn is after the day of the recording'],
    ['partner-registered', { registeredOn: '2026-03-04' }, {}, 'registeredOn is after the day of the recording'],
    ['api-key-issued', { expiresAt: '2026-03-01T08:00:00Z' }, {}, 'The key had expired when it was issued.'],
  ])('accuse a %s of %j and the envelope %j', async (type, data, envelope, message) => {
    const { commands, position } = changed(type, data, envelope);
    const { verdict, finding, checked } = await verified(commands);
    expect({ verdict, finding }).toMatchObject({
      verdict: 'wrong',
      finding: { check: 'times', position, type, message: expect.stringContaining(message) },
    });
    expect(checked.map(({ check }) => check)).not.toContain('times');
  });

  it('accuse nobody of decisions behind a clock that was ahead once, and name them', async () => {
    // The clock of the machine jumped by ten years at a pledge, and came back: every later event takes its stamp over.
    const result = await verified(stamped('commitment-pledged', '2036-03-02T08:00:00Z'));
    const doubts = doubtsOf(result);
    expect([result.verdict, result.findings, doubts.length]).toEqual(['verified', 0, 2]);
    expect(doubts[0]).toContain('nothing was recorded for 3652 days, or a clock was set');
    expect(doubts[1]).toContain('The last event is stamped 2036-03-02T08:00:00Z, after the clock of this machine');
  });

  it('accuse nobody when the clock was ahead twice, and name the decisions whose times the log cannot show', async () => {
    const commands = stamped('commitment-pledged', '2036-03-02T08:00:00Z');
    const events = commands.flat();
    for (const event of events.slice(events.indexOf(find(commands, 'capital-call-issued'))))
      event.envelope = { ...event.envelope, recordedAt: '2037-03-02T08:00:00Z' };
    const result = await verified(commands);
    expect([result.verdict, result.findings]).toEqual(['verified', 0]);
    expect(doubtsOf(result)[1]).toMatch(/^8 events from position 26 on have the stamp of an event before them/);
  });

  it('accuse a decision that took its stamp over and is dated before a clock was ahead', async () => {
    const commands = stamped('commitment-pledged', '2036-03-02T08:00:00Z');
    Object.assign(find(commands, 'access-denied').data, { decidedAt: '2026-03-01T08:00:00Z' });
    expect((await verified(commands)).finding).toMatchObject({ check: 'times', type: 'access-denied' });
  });

  it('allow a decision at which the clock was set between it and its record', async () => {
    const commands = stamped('access-denied', '2036-03-02T08:00:00Z');
    Object.assign(find(commands, 'access-denied').data, { decidedAt: '2026-03-02T08:00:01Z' });
    expect(await verified(commands)).toMatchObject({ verdict: 'verified', findings: 0 });
  });

  it.each([
    ['90 days', '2026-05-31T09:00:00Z', 0],
    ['91 days', '2026-06-01T09:00:00Z', 1],
  ])('have a doubt after %s without an event', async (_, recordedAt, doubts) => {
    // The last command states no time.
    expect(doubtsOf(await verified(stamped('commitment-cancelled', recordedAt)))).toHaveLength(doubts);
  });

  it.each([
    ['a day', '2026-03-01T08:00:10Z', 0],
    ['two days', '2026-02-28T08:00:10Z', 1],
  ])('have a doubt when the last event is stamped %s after the clock of the auditor', async (_, now, doubts) => {
    expect(doubtsOf(await verified(story.programme(), Date.parse(now)))).toHaveLength(doubts);
  });
});
