import fc from 'fast-check';
import { capitalProjection } from '../../src/capital/capital.projection.js';
import type { Commitment, CommitmentEvent } from '../../src/capital/commitment.js';
import type { FundEvent } from '../../src/capital/fund.js';
import type { RecordedEvent } from '../../src/ledger/event.js';
import { Rows, type Row } from '../../src/ledger/projector/projection.js';
import { IDS, Live, TERMS, sequence, type Id } from './simulation.js';

type Entry = { readonly stream: string; readonly event: CommitmentEvent | FundEvent };

/** Projects a log like the projector, and fails if the projection uses a row that it did not name. */
function project(log: readonly Entry[]): Rows {
  const rows = new Rows();
  const revisions = new Map<string, number>();
  for (const [index, { stream, event }] of log.entries()) {
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    applyAlone({ ...ENVELOPE, ...event, position: index + 1, stream, revision }, rows);
  }
  return rows;
}

const ENVELOPE = {
  v: 1,
  id: 'event',
  schema: 1,
  recordedAt: '2026-06-15T12:00:00Z',
  actor: { id: 'key', role: 'operator' },
  commandId: 'command',
  correlationId: 'request',
} as const;

/** One batch for each event, with only the rows that `touches` names. */
function applyAlone(event: RecordedEvent, rows: Rows): void {
  const batch = new Rows();
  for (const { table, id } of capitalProjection.touches(event)) {
    const row = rows.get(table, id);
    if (row) batch.load(table, row);
  }
  capitalProjection.apply(event, batch);
  for (const [table, changed] of batch.changes()) for (const row of changed) rows.put(table, String(row['id']), row);
}

const SUMS = ['committed', 'called', 'paid', 'distributed', 'recallable', 'unfunded'] as const;

const sumsOf = (row: Row): Record<string, unknown> =>
  Object.fromEntries(SUMS.map((name) => [`${name}Minor`, row[`${name}_minor`]]));

function expectedSums(state: Commitment): Record<string, string> {
  if (state.status === 'signed' || state.status === 'cancelled') {
    return Object.fromEntries(SUMS.map((name) => [`${name}Minor`, state[`${name}Minor`].toString()]));
  }
  return {
    ...Object.fromEntries(SUMS.map((name) => [`${name}Minor`, '0'])),
    committedMinor: '1000',
    unfundedMinor: '1000',
  };
}

describe('the rows of a fund', () => {
  it('have the same values as the states, after any sequence of commands', () => {
    fc.assert(
      fc.property(sequence, (steps) => {
        const live = new Live();
        for (const next of steps) live.take(next);
        const rows = project(live.log);
        for (const id of IDS) {
          const row = rows.need('commitments', id);
          const state = live.stateOf(id);
          expect(row).toMatchObject({ status: state.status, revision: live.historyOf(id).length - 1 });
          expect(sumsOf(row)).toEqual(expectedSums(state));
        }
        expect(rows.need('funds', 'fund-a')).toMatchObject({
          status: live.fund.status,
          revision: live.fundHistory.length - 1,
        });
      }),
    );
  });

  it('add up: a tranche is the sum of its signed commitments, and open pledges are separate', () => {
    fc.assert(
      fc.property(sequence, (steps) => {
        const live = new Live();
        for (const next of steps) live.take(next);
        const rows = project(live.log);
        const signed = IDS.filter((id) => live.stateOf(id).status !== 'pledged');
        const sum = (ids: readonly Id[], column: string) =>
          ids.reduce((total, id) => total + BigInt(String(rows.need('commitments', id)[column])), 0n).toString();
        const tranche = rows.need('tranches', TERMS.trancheId);
        for (const name of SUMS) expect(tranche[`${name}_minor`]).toBe(sum(signed, `${name}_minor`));
        const open = IDS.filter((id) => !signed.includes(id));
        expect(tranche['pledged_minor']).toBe(sum(open, 'pledged_minor'));
      }),
    );
  });

  it('contain every capital call with its payments', () => {
    fc.assert(
      fc.property(sequence, (steps) => {
        const live = new Live();
        for (const next of steps) live.take(next);
        const rows = project(live.log);
        for (const id of IDS) {
          const state = live.stateOf(id);
          if (!('calls' in state)) continue;
          for (const [callId, call] of state.calls) {
            expect(rows.need('capital_calls', callId)).toMatchObject({
              commitment_id: id,
              amount_minor: call.amountMinor.toString(),
              paid_minor: call.paidMinor.toString(),
            });
          }
        }
      }),
    );
  });

  it('stop at an unknown event', () => {
    const event = { ...ENVELOPE, type: 'commitment-lost', stream: 'commitment-a', revision: 0, position: 1 };
    const rows = new Rows();
    rows.put('commitments', 'a', {});
    expect(() => capitalProjection.apply({ ...event, data: TERMS }, rows)).toThrow('commitment-lost');
  });
});
