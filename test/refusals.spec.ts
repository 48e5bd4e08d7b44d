import * as accessCalls from '../src/access/access-call.commands.js';
import * as accessRequests from '../src/access/access-request.commands.js';
import * as allocations from '../src/access/allocation.commands.js';
import * as usage from '../src/access/usage.commands.js';
import { AGGREGATES } from '../src/aggregates.js';
import * as commitments from '../src/capital/commitment.commands.js';
import * as funds from '../src/capital/fund.commands.js';
import * as facilities from '../src/compute/facility.commands.js';
import * as pools from '../src/compute/pool.commands.js';
import * as yearly from '../src/compute/yearly-submission.commands.js';
import * as erasure from '../src/erasure/erasure.commands.js';
import * as policies from '../src/governance/policy.commands.js';
import * as apiKeys from '../src/identity/api-key.commands.js';
import type { RoutedCommand } from '../src/ledger/ledger-command.js';
import * as partners from '../src/partners/partner.commands.js';
import { REFUSALS } from '../src/refusals.js';
import * as reports from '../src/transparency/publication/report-publication.commands.js';
import { readThrownRefusals, type ThrownRefusals } from './support/thrown-refusals.js';

/** The compiler reads all of `src/`. */
const READING_MS_MAX = 300_000;

const COMMANDS: Readonly<Record<string, RoutedCommand>> = {
  ...accessCalls,
  ...accessRequests,
  ...allocations,
  ...apiKeys,
  ...commitments,
  ...erasure,
  ...facilities,
  ...pools,
  ...funds,
  ...partners,
  ...policies,
  ...reports,
  ...usage,
  ...yearly,
} as unknown as Readonly<Record<string, RoutedCommand>>;

const CEILING = 'The command takes away, and only an addition is compared with the ceiling.';
const TAKES_AWAY: Readonly<Record<string, string>> = {
  'capex-unknown': CEILING,
  'facility-missing': 'The command takes away, and only an addition needs a facility.',
  'tranche-cap-exceeded': 'The command takes away, and only an addition is compared with the cap.',
  'union-ceiling-exceeded': CEILING,
  'union-share-exceeded': CEILING,
};

/** Functions that a command calls can refuse this, but not with what the command gives them. */
const CANNOT_BE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  AcceptDecrease: {
    ...TAKES_AWAY,
    'commitment-cancelled-already': 'A request waits on a signed commitment alone.',
    'commitment-not-accepted': 'A decrease binds nobody to more.',
    'decrease-needs-acceptance': 'The operator accepts.',
    'delta-is-zero': 'A request is for an amount above 0.',
  },
  CancelCommitment: TAKES_AWAY,
  PublishReport: {
    'effective-time-too-far': 'A published report has no effectiveAt.',
    'malformed-parameter': 'A published report names a position and no instant.',
    'position-not-recorded': 'The position is the last one that was recorded by the end of the period.',
    'published-report-missing': 'A report is published by the current method, not by an older one.',
  },
};

let thrown: ThrownRefusals;
beforeAll(() => {
  thrown = readThrownRefusals(new Set(Object.keys(REFUSALS)));
}, READING_MS_MAX);

describe('the refusals of a command', () => {
  it('are those that its code throws, for every command', () => {
    expect([...thrown.ofCommands.keys()].sort()).toEqual(Object.keys(COMMANDS).sort());
    for (const [name, codes] of thrown.ofCommands) {
      const cannotBe = Object.keys(CANNOT_BE[name] ?? {});
      expect([name, cannotBe.filter((code) => !codes.has(code))]).toEqual([name, []]);
      const possible = [...codes].filter((code) => !cannotBe.includes(code));
      expect([name, [...(COMMANDS[name]?.shape.refusals ?? [])].sort()]).toEqual([name, possible.sort()]);
    }
  });
});

describe('the declared refusals', () => {
  it('are all thrown somewhere', () => {
    expect(Object.keys(REFUSALS).filter((code) => !thrown.anywhere.has(code))).toEqual([]);
  });

  it('say in sentences what they mean and what to do', () => {
    for (const [code, { means, next, facts = {} }] of Object.entries(REFUSALS)) {
      expect(code).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      for (const sentence of [means, next, ...Object.values(facts).map(({ schema }) => schema.description)]) {
        expect([code, sentence]).toEqual([code, expect.stringMatching(/^[\dA-Z].*\.$/)]);
      }
    }
  });

  it('have an `unknown-...` for every aggregate that a command may name', () => {
    const named = new Set([...thrown.ofCommands.values()].flatMap((codes) => [...codes]));
    for (const { name } of AGGREGATES) {
      const code = `unknown-${name}`;
      expect([code, code in REFUSALS]).toEqual([code, named.has(code)]);
    }
  });
});
