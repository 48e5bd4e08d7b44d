import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { canonicalize } from '../../src/ledger/canonical.js';
import { EventReader } from '../../src/ledger/event-reader.js';
import type { RecordedEvent, StoredEvent } from '../../src/ledger/event.js';
import type { AggregateOutline, DomainEvent, Aggregate } from '../../src/ledger/aggregate.js';
import { untyped } from '../../src/ledger/transaction.js';
import { AGGREGATES } from '../../src/aggregates.js';
import { QUOTA_CLASSES } from '../../src/compute/pool-events.js';

/**
 * The corpus holds stored envelopes, one a line, of every released version of every event. Lines are only added: a version
 * that is stored anywhere must stay readable. This table freezes the lines that must not change.
 */
const FROZEN: Readonly<Record<string, readonly [lines: number, sha256: string]>> = {
  'access-call': [3, 'ffd2cad0bdf801f56686fad88fae448e456dd50d898b908f626b12c50c55969c'],
  'access-request': [17, '93546bd4a877169bf4cd994c0249f1e324bb3ff046ecf083f23146eb4cc18a83'],
  'api-key': [2, 'd0dc0b16cc701c5f87167daf2611cf621ad020b74dc5c724f25eb2cbbf4aec9c'],
  attestation: [1, '022bce12d1ffb493caea6a8acd1f8086b786c416190acc2bec6d89a6f4cad500'],
  commitment: [17, '70ae015206b65016749c6b1118a516d224b10305030b8a53f366e735b05c5e26'],
  facility: [23, '283978a68596f6f7bb018ad2ada81bf47c80bba5e7c41b5fcc573269fc47f09c'],
  fund: [9, '91637513a95a5a6fd03576bed2e6a1959c9ac537a3eb55ec2695878be5122f07'],
  partner: [6, 'a40ce0f709fbe5e7e868cd8e4e716d1db68069e98cfb0d0591133346500a4aa4'],
  policy: [1, '0a6a7ec0b97eeb39b1866bc19a1bfd1aef4a4ec14db4d2df1e90115e9455b2d3'],
  report: [2, '70697d25b6926cf9a37f67f6002c26c5e85c150d15ade6db21dfccaf5a8e076a'],
  subject: [1, 'd9977a1d59d1c54d6a01274efa94fe0f4501bfc9255856221c693635ce1164f7'],
  usage: [3, '7838430d3e342b6dfc0241cf7620502a2b50287f0ad2e3b04db367c0e0544b9f'],
};

const FOLDER = new URL('corpus/', import.meta.url);

async function samplesOf(aggregate: string): Promise<StoredEvent[]> {
  const lines = (await readFile(new URL(`${aggregate}.ndjson`, FOLDER), 'utf8')).trimEnd().split('\n');
  return lines.map((envelope, index) => ({ position: index + 1, envelope }));
}

describe('the corpus of stored events', () => {
  const reader = new EventReader(AGGREGATES);
  const aggregates: readonly Aggregate<unknown, DomainEvent>[] = AGGREGATES.map((aggregate) =>
    untyped(aggregate as never),
  );

  it('holds every version of every event that an aggregate declares', async () => {
    const missing: string[] = [];
    for (const { name, events } of AGGREGATES as readonly AggregateOutline[]) {
      const stored = (await samplesOf(name)).map(({ envelope }) => JSON.parse(envelope) as RecordedEvent);
      const held = new Set(stored.map(({ type, schema }) => `${type} ${schema}`));
      for (const [type, declaration] of Object.entries(events)) {
        for (let schema = 1; schema <= declaration.schema; schema += 1) {
          if (!held.has(`${type} ${schema}`)) missing.push(`${name}: ${type} version ${schema}`);
        }
      }
    }
    expect(missing).toEqual([]);
  });

  it.each(aggregates.map((aggregate) => [aggregate.name, aggregate] as const))(
    'replays through the aggregate %s',
    async (name, aggregate) => {
      const streams = new Map<string, { state: unknown; revision: number }>();
      for (const stored of await samplesOf(name)) {
        const event = reader.read(stored);
        const { state, revision } = streams.get(event.stream) ?? { state: aggregate.initial, revision: -1 };
        expect(event.stream.startsWith(`${name}-`)).toBe(true);
        expect(event.revision).toBe(revision + 1);
        expect(event.schema).toBe((aggregate as AggregateOutline).events[event.type]?.schema);
        streams.set(event.stream, { state: aggregate.evolve(state, event), revision: event.revision });
      }
      for (const { state } of streams.values()) expect(aggregate.exists(state)).toBe(true);
    },
  );

  it('fits the schema that each event names, and no event with a member less, a member more or another type does', async () => {
    for (const { name } of aggregates) {
      for (const { envelope } of await samplesOf(name)) {
        const event = JSON.parse(envelope) as RecordedEvent;
        expect([envelope, reader.misfitOf(event)]).toEqual([envelope, undefined]);
        for (const { change, data } of spoilt(event.data)) {
          const isAllowed = MAY_BE_MISSING.has(`${event.type}: ${change}`);
          expect([envelope, change, reader.misfitOf({ ...event, data }) === undefined]).toEqual([
            envelope,
            change,
            isAllowed,
          ]);
        }
      }
    }
  });

  it('has a complete sentence for each event', async () => {
    for (const { name } of aggregates) {
      for (const stored of await samplesOf(name)) {
        const sentence = reader.sentenceOf(reader.read(stored));
        expect([stored.envelope, sentence]).toEqual([stored.envelope, expect.stringMatching(/^\S.*\S$/)]);
        expect([stored.envelope, sentence]).not.toEqual([
          stored.envelope,
          expect.stringMatching(/undefined|NaN|object/),
        ]);
      }
    }
  });

  it('is still canonical JSON, byte for byte', async () => {
    for (const { name } of aggregates) {
      for (const { envelope } of await samplesOf(name)) expect(canonicalize(JSON.parse(envelope))).toBe(envelope);
    }
  });

  it('has not been changed since it was frozen', async () => {
    const files = (await readdir(FOLDER)).map((file) => file.replace('.ndjson', '')).sort();
    expect(files).toEqual(Object.keys(FROZEN).sort());
    for (const [name, [lines, sha256]] of Object.entries(FROZEN)) {
      const frozen = (await samplesOf(name)).slice(0, lines).map(({ envelope }) => `${envelope}\n`);
      expect([name, createHash('sha256').update(frozen.join('')).digest('hex')]).toEqual([name, sha256]);
    }
  });
});

/** The same data, each time with one member less, one member of another type, or one member more. */
function* spoilt(data: object, at = ''): Generator<{ change: string; data: object }> {
  yield { change: `with ${at}/added`, data: { ...data, added: 1 } };
  for (const [name, value] of Object.entries(data)) {
    const { [name]: _, ...without } = data as Record<string, unknown>;
    yield { change: `without ${at}/${name}`, data: without };
    yield { change: `other ${at}/${name}`, data: { ...data, [name]: typeof value === 'number' ? String(value) : 1.5 } };
    const inner = Array.isArray(value) ? value[0] : value;
    if (typeof inner !== 'object' || inner === null) continue;
    for (const spoiltInner of spoilt(inner as object, `${at}/${name}`)) {
      const changed = Array.isArray(value) ? [spoiltInner.data, ...value.slice(1)] : spoiltInner.data;
      yield { change: spoiltInner.change, data: { ...data, [name]: changed } };
    }
  }
}

/** What an event of the type may leave out. */
const MAY_BE_MISSING: ReadonlySet<string> = new Set(
  Object.entries({
    'access-request-submitted': ['illustrative'],
    'access-granted': [
      'callChipHours',
      'class',
      'freeEvidenceRef',
      'freeReason',
      'funding',
      'poolId',
      'sealOfExcellenceRef',
      'use',
    ],
    'access-request-withdrawn': ['reason'],
    'access-pool-defined': ['partnerId'],
    'yearly-submitted': ['isLate'],
    'allocation-released': ['poolId', 'unitThousandths', 'use'],
    'api-key-issued': ['expiresAt', 'partnerId'],
    'chips-allocated': ['poolId', 'unitThousandths', 'use'],
    'commitment-pledged': ['describes', 'facilityId', 'illustrative', 'programme', 'source'],
    'commitment-signed': ['facilityId'],
    'commitment-amended': ['decreaseRequestId', 'facilityId'],
    'decrease-requested': ['amountMinor', 'facilityId'],
    'capital-call-issued': ['facilityId'],
    'capital-call-paid': ['facilityId'],
    'distribution-paid': ['facilityId'],
    'commitment-accepted': ['evidenceRef', 'facilityId'],
    'commitment-cancelled': ['decreaseRequestId', 'facilityId'],
    'corrective-action-decided': ['category'],
    'facility-registered': [
      'capexMinor',
      'currency',
      'hostStatePartnerId',
      'illustrative',
      'operatorPartnerId',
      'source',
    ],
    'financial-close-reached': ['matchingPolicyVersion', 'unionInKindPolicyVersion'],
    'fund-established': ['financesGigafactories', 'illustrative', 'source'],
    'ownership-transferred': ['approvalId'],
    'partner-registered': ['illustrative', 'lei', 'registeredOn', 'source'],
    'pool-assigned': ['use'],
    'quota-policy-adopted': QUOTA_CLASSES.flatMap((each) => [`caps/${each}`, `floors/${each}`]),
    'report-published': ['interim'],
    'tranche-subscribed': ['facilityId'],
    'usage-reported': ['records/flag'],
  }).flatMap(([type, members]) => members.map((member) => `${type}: without /${member}`)),
);
