import { OrderCheck } from '../../src/audit/verify-order.js';
import { Findings } from '../../src/audit/audit-finding.js';
import type { RecordedEvent } from '../../src/ledger/event.js';
import { derivedId } from '../../src/ledger/identifiers.js';

const TYPE = 'usage-reported';

/** An event of a stream of its own, recorded with this schema, as the reader gives it: lifted to the newest one, 3. */
const recorded = (position: number, schema: number, type = TYPE): RecordedEvent => ({
  ...{ v: 1, position, type, schema: 3, stream: `stream-${position}`, revision: 0 },
  ...{ id: derivedId('event', String(position)), commandId: derivedId('command', String(position)) },
  ...{ correlationId: 'x', recordedAt: '2026-03-02T08:00:00Z', actor: { id: 'a', role: 'operator' }, data: {} },
  ...(schema < 3 && { liftedFrom: schema }),
});

/** The findings of events with these schemas, in their order. */
function found(...events: readonly RecordedEvent[]): Findings {
  const findings = new Findings();
  const order = new OrderCheck(findings);
  try {
    for (const event of events) order.accept(event);
    order.finish();
  } finally {
    order.close();
  }
  return findings;
}

describe('the schemas of a type of event', () => {
  it('stay or rise along the log, each type on its own', () => {
    const other = recorded(4, 1, 'chips-allocated');
    expect(found(recorded(1, 1), recorded(2, 1), recorded(3, 2), other, recorded(5, 3)).count).toBe(0);
  });

  it('never fall, also on another stream and some events later', () => {
    const findings = found(recorded(1, 1), recorded(2, 3), recorded(3, 3), recorded(4, 2));
    expect(findings.count).toBe(1);
    expect(findings.first).toMatchObject({
      ...{ check: 'schemas', position: 4, type: TYPE, expected: '3 or newer', found: '2' },
    });
  });

  it('may not come back to the newest one but one, after an event that was found', () => {
    expect(found(recorded(1, 3), recorded(2, 1), recorded(3, 2)).count).toBe(2);
  });
});
