import fc from 'fast-check';
import { AGGREGATES } from '../../../src/aggregates.js';
import { noteKeyOf } from '../../../src/tlog/note-key.js';
import { ENTRY_DEPTH_MAX } from '../../../src/audit/verify-canonical.js';
import type { Verification } from '../../../src/audit/verification.js';
import { verify } from '../../../src/audit/verify.js';
import { JSON_DEPTH_MAX } from '../../../src/http/body/json-limits.js';
import { EnvelopeWriter, LOG_KEY, signedLog, type WrittenEvent } from '../written-log.js';
import * as story from '../written-programme.js';

type Commands = WrittenEvent[][];

const verified = (entries: readonly Uint8Array[]): Promise<Verification> =>
  verify(signedLog(entries), { trust: { key: noteKeyOf(LOG_KEY) }, aggregates: AGGREGATES });

function entriesOf(commands: Commands): Buffer[] {
  const writer = new EnvelopeWriter();
  return commands.flatMap((events) => writer.command(...events));
}

/** The n-th event of a type, counted from 0. */
function find(commands: Commands, type: string, n = 0): WrittenEvent {
  const found = commands.flat().filter((event) => event.type === type)[n];
  if (!found) throw new Error(`The programme has no event ${n} of ${type}.`);
  return found;
}

/** Changes the data of events of the programme. */
function set(commands: Commands, type: string, n: number, data: Record<string, unknown>): WrittenEvent {
  const event = find(commands, type, n);
  Object.assign(event.data, data);
  return event;
}

const remove = (commands: Commands, event: WrittenEvent): void => {
  for (const command of commands) {
    const at = command.indexOf(event);
    if (at >= 0) command.splice(at, 1);
  }
};

const add = (commands: Commands, ...events: WrittenEvent[]): WrittenEvent => {
  // Before the last command, which a checkpoint may cut in two.
  commands.splice(-1, 0, events);
  const [first] = events;
  if (!first) throw new Error('Nothing was added.');
  return first;
};

/** Amounts of the commitment c1 (0) or c2 (1), wherever they are repeated. */
function commit(commands: Commands, n: number, amountMinor: string): void {
  set(commands, 'commitment-pledged', n, { amountMinor });
  set(commands, 'commitment-signed', n, { amountMinor });
  set(commands, 'tranche-subscribed', n, { deltaMinor: amountMinor });
  set(commands, 'contribution-recorded', n, { deltaMinor: amountMinor });
}

/** Changes members in all events of the commitments of a partner. */
function renameLayers(commands: Commands, partnerId: string, members: Record<string, unknown>): void {
  for (const { stream, data } of commands.flat()) {
    if (stream.startsWith('commitment-') && data['partnerId'] === partnerId) Object.assign(data, members);
  }
}

/** The policy `signature-acceptance` is adopted before the first pledge. */
function acceptance(commands: Commands, value = 'required', effectiveFrom = '2026-01-01T00:00:00Z', at = 0): void {
  const name = 'signature-acceptance';
  const data = { policy: name, version: 1, value, effectiveFrom, reason: 'r' };
  commands.splice(at, 0, [{ stream: `policy-${name}`, type: 'policy-adopted', data, role: 'board' }]);
}

/** The pledge c1 is accepted after it was made. */
function accepted(commands: Commands, change: Record<string, unknown> = {}): WrittenEvent {
  const pledge = find(commands, 'commitment-pledged');
  const data = { ...pledge.data, acceptedOn: '2026-02-02', ...change };
  const event = { stream: pledge.stream, type: 'commitment-accepted', data };
  commands.splice(
    commands.findIndex((command) => command.includes(find(commands, 'commitment-signed'))),
    0,
    [event],
  );
  return event;
}

/** The commitment c1 changes right after its signature, and is cancelled with as much more or less. */
function raise(commands: Commands, deltaMinor: string): WrittenEvent {
  const [signed, subscribed, contributed] = story.signed('c1', story.termsOf(story.STATE, 'member-state'), deltaMinor);
  if (!signed || !subscribed || !contributed) throw new Error('The story has another signature.');
  const { signedOn: _day, amountMinor: _amount, ...terms } = signed.data;
  const data = { ...terms, deltaMinor, unfundedDeltaMinor: deltaMinor, reason: 'r' };
  const event = { stream: signed.stream, type: 'commitment-amended', data };
  const at = commands.findIndex((command) => command.includes(find(commands, 'commitment-signed')));
  commands.splice(at + 1, 0, [event, subscribed, contributed]);
  return event;
}

const bySelf = (event: WrittenEvent): WrittenEvent =>
  Object.assign(event, { envelope: { actor: { id: event.data['partnerId'], role: 'partner' } } });

/** JSON that has no text: `String` throws on it. */
const JUNK_WITHOUT_TEXT = { toString: 0 };
const JUNK: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e300,
  '',
  'x',
  '-0',
  '1970-13-40',
  '9999-12-31',
  '+275760-09-13T00:00:00.000Z',
  [],
  [null],
  [JUNK_WITHOUT_TEXT],
  {},
  JUNK_WITHOUT_TEXT,
  'é\u0000',
];

/** Of each event type the first event, by its number in the programme, with each member of its data. */
function membersOf(commands: Commands): (readonly [nth: number, name: string])[] {
  const events = commands.flat();
  return events
    .map(({ type, data }, nth) => ({ type, data, nth }))
    .filter(({ type, nth }) => events.findIndex((event) => event.type === type) === nth)
    .flatMap(({ data, nth }) => Object.keys(data).map((name) => [nth, name] as const));
}

const SUBJECT = '00000000-0000-8000-8000-000000000001';
const COMMITMENT = Buffer.alloc(32).toString('base64');
const ENVELOPE_MEMBERS: readonly (readonly [name: string, envelope: Record<string, unknown>])[] = [
  ['commitment', { sealed: { subject: SUBJECT, commitment: JUNK_WITHOUT_TEXT } }],
  ['commitment in a list', { sealed: { subject: SUBJECT, commitment: [COMMITMENT] } }],
  ...[
    'id',
    'stream',
    'revision',
    'type',
    'schema',
    'recordedAt',
    'actor',
    'commandId',
    'correlationId',
    'effectiveAt',
    'causationId',
    'legalBasis',
    'sealed',
    'toString',
  ].map((name) => [name, { [name]: JUNK_WITHOUT_TEXT }] as const),
];

const TOO_DEEP = `The entry is nested deeper than ${ENTRY_DEPTH_MAX} levels.`;

/** A change that a rule forbids. `forge` returns the event that the finding must name. */
type Forgery = readonly [what: string, check: string, forge: (commands: Commands) => WrittenEvent];

/** The command id of the first event of a type. */
function commandOf(commands: Commands, type: string): string {
  const at = commands.flat().indexOf(find(commands, type));
  return (JSON.parse(String(entriesOf(commands)[at])) as { commandId: string }).commandId;
}

const site = `facility-${story.SITE}`;
const DAY_1 = { from: '2026-05-01T00:00:00Z', to: '2026-05-02T00:00:00Z' };
const DAY_2 = { from: '2026-05-02T00:00:00Z', to: '2026-05-03T00:00:00Z' };
/** Use of the allocation a1. Its 60 chips give 1,440 chip-hours a day. */
const used = (chipHours: number, interval = DAY_1): Record<string, unknown> => {
  const [record] = find(story.programme(), 'usage-reported').data['records'] as Record<string, unknown>[];
  return { ...record, ...interval, chipHours };
};
const USED_AT = '2026-05-05T08:00:00Z';
/** The use is reported after everything else, on a day of May. */
function reportedLast(commands: Commands, interval: { from: string; to: string }, schema: number): WrittenEvent {
  const event = set(commands, 'usage-reported', 0, { records: [used(1, interval)] });
  const at = commands.findIndex((command) => command.includes(event));
  // With the release that follows it.
  commands.push(...commands.splice(at, 2));
  return Object.assign(event, { at: USED_AT, envelope: { schema } });
}
const RELEASE = 'allocation-released';
/** Of each member that a decision repeats another value than that of the request r3. */
const OTHER_APPLICATION = {
  callId: story.named('other-call'),
  facilityId: story.named('other-site'),
  mode: 'fast-lane',
  partnerId: story.STATE,
  ultimateParentId: story.STATE,
  category: 'sme',
  country: 'FI',
  chipHoursRequested: 49,
  submittedAt: '2026-03-02T08:00:00.001Z',
};

const FORGERIES: readonly Forgery[] = [
  [
    'a layer beyond its cap',
    'funds',
    (c) => {
      commit(c, 0, '100001');
      return find(c, 'tranche-subscribed');
    },
  ],
  [
    'a Union beyond 17 % of the CAPEX',
    'funds',
    (c) => {
      set(c, 'tranche-defined', 0, { capMinor: '200000' });
      commit(c, 1, '68001');
      return find(c, 'contribution-recorded', 1);
    },
  ],
  [
    'Participating States that do not match the Union',
    'funds',
    (c) => {
      commit(c, 0, '19999');
      return set(c, 'financial-close-reached', 0, {
        facilities: [{ facilityId: story.SITE, unionMinor: '20000', statesMinor: '19999', matchingMinor: '19999' }],
        committedMinor: '39999',
      });
    },
  ],
  [
    'sums at financial close that nobody signed',
    'funds',
    (c) => set(c, 'financial-close-reached', 0, { committedMinor: '90001' }),
  ],
  [
    'a call before financial close',
    'funds',
    (c) => {
      remove(c, find(c, 'financial-close-reached'));
      return find(c, 'capital-call-issued');
    },
  ],
  ['a call at too short notice', 'funds', (c) => set(c, 'capital-call-issued', 0, { dueOn: '2026-03-13' })],
  ['caps above the target', 'funds', (c) => set(c, 'tranche-defined', 0, { capMinor: '500001' })],
  ...[0, 1].map((n): Forgery => [
    `a pledge (${n}) that names another kind of layer than its own`,
    'funds',
    // With all events that repeat it, so that the terms of the commitment agree with each other.
    (c) => {
      renameLayers(c, n === 0 ? story.STATE : story.UNION, { trancheKind: 'senior' });
      return find(c, 'commitment-pledged', n);
    },
  ]),
  [
    'a pledge that names another rank than its layer has',
    'funds',
    (c) => {
      renameLayers(c, story.STATE, { trancheRank: 2 });
      return find(c, 'commitment-pledged');
    },
  ],
  [
    'a decision that repeats none of the nine members of its request',
    'access-requests',
    (c) => set(c, 'access-denied', 0, OTHER_APPLICATION),
  ],
  ...Object.entries(OTHER_APPLICATION).map(([name, value]): Forgery => [
    `a decision with another ${name} than its request`,
    'access-requests',
    (c) => set(c, 'access-denied', 0, { [name]: value }),
  ]),
  ['a fund established twice', 'funds', (c) => add(c, { ...find(c, 'fund-established') })],
  ['a payment beyond its call', 'commitments', (c) => set(c, 'capital-call-paid', 0, { amountMinor: '30001' })],
  ['a payment on no call', 'commitments', (c) => set(c, 'capital-call-paid', 0, { callId: story.named('k2') })],
  [
    'an effect on the unfunded part that the amounts do not have',
    'commitments',
    (c) => set(c, 'capital-call-issued', 0, { unfundedDeltaMinor: '-29999' }),
  ],
  [
    'an unfunded part below zero',
    'commitments',
    (c) => set(c, 'capital-call-issued', 0, { amountMinor: '70001', unfundedDeltaMinor: '-70001' }),
  ],
  [
    'more recallable than was called',
    'commitments',
    (c) =>
      set(c, 'distribution-paid', 0, { amountMinor: '30001', recallableMinor: '30001', unfundedDeltaMinor: '30001' }),
  ],
  [
    'another amount signed than pledged',
    'commitments',
    (c) => set(c, 'commitment-signed', 0, { amountMinor: '69999' }),
  ],
  [
    'a signature that is booked elsewhere with another amount',
    'commitments',
    (c) => {
      set(c, 'contribution-recorded', 0, { deltaMinor: '69999' });
      return find(c, 'commitment-signed');
    },
  ],
  [
    'a signature that is not booked at all',
    'commitments',
    (c) => {
      remove(c, find(c, 'tranche-subscribed', 0));
      return find(c, 'commitment-signed');
    },
  ],
  [
    'a cancellation that keeps a part',
    'commitments',
    (c) => set(c, 'commitment-cancelled', 0, { releasedMinor: '41999', unfundedDeltaMinor: '-41999' }),
  ],
  ['terms that change on the way', 'commitments', (c) => set(c, 'distribution-paid', 0, { partnerId: story.UNION })],
  [
    'a commitment signed twice',
    'commitments',
    (c) => add(c, ...story.signed('c1', story.termsOf(story.STATE, 'member-state'), '70000')),
  ],
  [
    'a signature by a partner that nobody accepted, though a policy required it',
    'commitments',
    (c) => {
      acceptance(c);
      return bySelf(find(c, 'commitment-signed'));
    },
  ],
  [
    'a raise by a partner, though a policy required an acceptance',
    'commitments',
    (c) => {
      acceptance(c);
      return bySelf(raise(c, '1'));
    },
  ],
  ['an acceptance by the partner itself', 'actors', (c) => bySelf(accepted(c))],
  ['an acceptance of another amount', 'commitments', (c) => accepted(c, { amountMinor: '69999' })],
  ['an acceptance without a day', 'envelopes', (c) => accepted(c, { acceptedOn: '2026-02-30' })],
  [
    'a second acceptance',
    'commitments',
    (c) => {
      accepted(c);
      return accepted(c);
    },
  ],
  [
    'an acceptance of what is signed',
    'commitments',
    (c) => {
      const event = accepted(c);
      remove(c, event);
      return add(c, event);
    },
  ],
  ['a site that is oversubscribed', 'capacity', (c) => set(c, 'chips-allocated', 1, { chips: 41 })],
  [
    'a site that is oversubscribed for a moment of the history only',
    'capacity',
    (c) => {
      const blamed = set(c, 'chips-allocated', 1, { chips: 41 });
      const at = c.findIndex((command) => command.includes(blamed));
      c.splice(at + 1, 0, [
        { stream: site, type: RELEASE, data: { ...blamed.data, at: blamed.data['from'], reason: 'given-back' } },
      ]);
      return blamed;
    },
  ],
  [
    'chips retired that are promised',
    'capacity',
    (c) => {
      const retired = {
        stream: site,
        type: 'capacity-retired',
        data: { chipModel: story.MODEL, chips: 1, effectiveFrom: '2026-05-03T00:00:00Z' },
      };
      c.splice(
        c.findIndex((command) => command.includes(find(c, 'usage-reported'))),
        0,
        [retired],
      );
      return retired;
    },
  ],
  [
    'a category above its cap',
    'capacity',
    (c) => {
      set(c, 'quota-policy-adopted', 0, { caps: { 'start-up': 99 } });
      return find(c, 'chips-allocated', 1);
    },
  ],
  [
    'chips that a floor keeps for others',
    'capacity',
    (c) => {
      set(c, 'quota-policy-adopted', 0, { floors: { sme: 1 } });
      return find(c, 'chips-allocated', 1);
    },
  ],
  [
    'floors above what is installed',
    'capacity',
    (c) => set(c, 'quota-policy-adopted', 0, { floors: { sme: 60, research: 41 } }),
  ],
  ['a policy version left out', 'capacity', (c) => set(c, 'quota-policy-adopted', 0, { version: 2 })],
  [
    'a request decided twice',
    'access-requests',
    (c) => {
      const again = story.granted('r3', 50);
      return add(c, again);
    },
  ],
  ['more granted than requested', 'access-requests', (c) => set(c, 'access-granted', 0, { chipHours: 20_001 })],
  [
    'an allocation that begins before its grant',
    'access-requests',
    (c) => {
      set(c, 'access-granted', 0, { validFrom: '2026-05-01T00:00:01Z' });
      return find(c, 'chips-allocated', 0);
    },
  ],
  [
    'more allocated than granted',
    'access-requests',
    (c) => {
      set(c, 'grant-revoked', 0, { chipHours: 9_599 });
      set(c, 'access-granted', 1, { chipHours: 9_599 });
      set(c, 'call-hours-granted', 1, { chipHours: 9_599, grantedChipHours: 29_599 });
      set(c, 'access-granted', 1, { callChipHours: 29_599 });
      return find(c, 'chips-allocated', 1);
    },
  ],
  [
    'a decision by those who submitted',
    'access-requests',
    (c) => Object.assign(find(c, 'access-denied'), { actor: 'applicant', role: 'panel' }),
  ],
  [
    'a decision by the applicant itself',
    'access-requests',
    (c) => Object.assign(find(c, 'eligibility-confirmed'), { actor: story.STARTUP, role: 'panel' }),
  ],
  ['a decision without a reason', 'access-requests', (c) => set(c, 'access-denied', 0, { reasonCodes: [] })],
  [
    'a category that changes between request and decision',
    'access-requests',
    (c) => set(c, 'access-granted', 0, { category: 'sme' }),
  ],
  [
    'a step recorded late that takes effect before the one it follows',
    'access-requests',
    (c) => {
      const event = set(c, 'access-denied', 0, { decidedAt: '2026-03-01T08:00:00Z' });
      return Object.assign(event, { effectiveAt: '2026-03-01T08:00:00Z' });
    },
  ],
  [
    'a revoked grant that holds chips',
    'access-requests',
    (c) => {
      remove(c, find(c, RELEASE, 1));
      return find(c, 'grant-revoked');
    },
  ],
  [
    'a revoked grant that holds some of its chips',
    'access-requests',
    (c) => {
      set(c, RELEASE, 1, { at: '2026-05-07T00:00:01Z' });
      return find(c, 'grant-revoked');
    },
  ],
  [
    'an allocation under a grant that was revoked',
    'access-requests',
    (c) => add(c, story.allocated(story.allocationOf('a3', 'r2', 1, '2026-05-20T00:00:00Z', '2026-05-21T00:00:00Z'))),
  ],
  ['a release of more than is left', 'allocations', (c) => set(c, RELEASE, 0, { to: '2026-05-11T00:00:01Z' })],
  [
    'an allocation made twice',
    'allocations',
    (c) => add(c, story.allocated(story.allocationOf('a1', 'r1', 1, '2026-05-20T00:00:00Z', '2026-05-21T00:00:00Z'))),
  ],
  [
    'usage beyond the allocation without a flag',
    'allocations',
    (c) => {
      const usage = find(c, 'usage-reported');
      const [record] = usage.data['records'] as Record<string, unknown>[];
      Object.assign(record ?? {}, { chipHours: 14_401 });
      return usage;
    },
  ],
  [
    'usage beyond what the chips give in the interval of a record without a flag',
    'allocations',
    (c) => set(c, 'usage-reported', 0, { records: [used(1_440), used(1_441, DAY_2)] }),
  ],
  [
    'use of the hours of a pool by an allocation that has none',
    'allocations',
    (c) => set(c, 'usage-reported', 0, { records: [{ ...used(1_440), poolId: SUBJECT }] }),
  ],
  [
    'usage beyond what the chips give in overlapping records without a flag',
    'allocations',
    (c) => set(c, 'usage-reported', 0, { records: [used(1_440), used(2)] }),
  ],
  [
    'usage that the chips can give with a flag',
    'allocations',
    (c) => set(c, 'usage-reported', 0, { records: [{ ...used(1_440), flag: 'exceeds-interval' }] }),
  ],
  [
    'usage beyond the interval with the flag of schema 2 in an event of schema 1',
    'envelopes',
    (c) =>
      Object.assign(set(c, 'usage-reported', 0, { records: [{ ...used(1_441), flag: 'exceeds-interval' }] }), {
        envelope: { schema: 1 },
      }),
  ],
  ...(
    [
      ['usage that begins in the future', { from: '2026-05-05T09:00:00.001Z', to: '2026-05-06T00:00:00Z' }],
      ['usage that ends in the future', { from: '2026-05-05T00:00:00Z', to: '2026-05-06T09:00:00.001Z' }],
    ] as const
  ).map(([what, interval]): Forgery => [what, 'allocations', (c) => reportedLast(c, interval, 3)]),
  [
    'usage of an allocation that was never made',
    'allocations',
    (c) => {
      const usage = find(c, 'usage-reported');
      const [record] = usage.data['records'] as Record<string, unknown>[];
      Object.assign(record ?? {}, { allocationId: story.named('a9') });
      return usage;
    },
  ],
  [
    'a call before the hosting state has committed',
    'access-calls',
    (c) => {
      const call = find(c, 'access-call-opened');
      remove(c, call);
      c.splice(7, 0, [call]);
      return call;
    },
  ],
  [
    'a request to a call that is closed',
    'access-calls',
    (c) => {
      set(c, 'access-call-opened', 0, { closesAt: '2026-03-02T08:00:00Z' });
      return find(c, 'access-request-submitted');
    },
  ],
  [
    'a category that was not in force',
    'partners',
    (c) => {
      set(c, 'partner-classified', 0, { effectiveFrom: '2026-03-03' });
      return find(c, 'access-request-submitted');
    },
  ],
  [
    'a pledge as another kind of partner',
    'partners',
    (c) => {
      set(c, 'partner-registered', 1, { legalForm: 'company' });
      return find(c, 'commitment-pledged', 1);
    },
  ],
  [
    'a LEI with wrong check digits',
    'partners',
    (c) => set(c, 'partner-registered', 2, { lei: '529900T8BM49AURSDO56' }),
  ],
  [
    'an event id that was used before',
    'ids',
    (c) => {
      const [first] = entriesOf(c);
      const { id } = JSON.parse(String(first)) as { id: string };
      return Object.assign(find(c, 'usage-reported'), { envelope: { id } });
    },
  ],
  [
    'a command that comes back after another one, so that a revoked grant may keep its chips',
    'ids',
    (c) => {
      remove(c, find(c, RELEASE, 1));
      add(c, story.partner(story.named('another'), 'company'));
      const commandId = commandOf(c, 'grant-revoked');
      for (const event of c.at(-1) ?? []) Object.assign(event, { envelope: { commandId } });
      return find(c, 'commitment-cancelled');
    },
  ],
  [
    'a cause that is no event or command before it',
    'ids',
    (c) => Object.assign(find(c, 'grant-revoked'), { envelope: { causationId: SUBJECT } }),
  ],
  [
    'a cause that comes later',
    'ids',
    (c) => Object.assign(find(c, 'access-denied'), { envelope: { causationId: commandOf(c, 'grant-revoked') } }),
  ],
  ['a revision left out', 'streams', (c) => Object.assign(find(c, 'capital-call-paid'), { envelope: { revision: 4 } })],
  [
    'a revision that is there already',
    'streams',
    (c) => Object.assign(find(c, 'capital-call-paid'), { envelope: { revision: 2 } }),
  ],
  [
    'a time of recording that goes back',
    'envelopes',
    (c) => Object.assign(find(c, 'usage-reported'), { envelope: { recordedAt: '2026-03-02T08:00:00Z' } }),
  ],
  [
    'a time that is no canonical text',
    'envelopes',
    (c) => Object.assign(find(c, 'usage-reported'), { envelope: { recordedAt: '2026-05-05T09:00:00.000Z' } }),
  ],
  [
    'a call that is dated before financial close',
    'funds',
    (c) => {
      set(c, 'financial-close-reached', 0, { reachedOn: '2026-03-03' });
      return find(c, 'capital-call-issued');
    },
  ],
  ['a financial close without its day', 'envelopes', (c) => set(c, 'financial-close-reached', 0, { reachedOn: null })],
  ['a version of a policy that is not the next one', 'policies', (c) => set(c, 'policy-adopted', 0, { version: 2 })],
  [
    'a version on the stream of another policy',
    'policies',
    (c) => set(c, 'policy-adopted', 0, { policy: 'matching-basis', value: { kinds: ['capex'] } }),
  ],
  [
    'a key that is issued a second time',
    'api-keys',
    (c) => {
      const { stream, type, data } = find(c, 'api-key-issued');
      return add(c, { stream, type, data });
    },
  ],
  [
    'the revocation of a key that was never issued',
    'api-keys',
    (c) => {
      remove(c, find(c, 'api-key-issued'));
      return find(c, 'api-key-revoked');
    },
  ],
  [
    'a second revocation of a key',
    'api-keys',
    (c) => {
      const { stream, type, data } = find(c, 'api-key-revoked');
      return add(c, { stream, type, data });
    },
  ],
  [
    'a type that nobody knows',
    'envelopes',
    (c) => Object.assign(find(c, 'usage-reported'), { type: 'usage-forgotten' }),
  ],
  [
    'an event on a stream of another kind',
    'envelopes',
    (c) => Object.assign(find(c, 'usage-reported'), { stream: `fund-${story.SITE}` }),
  ],
  [
    'a version of the data from the future',
    'envelopes',
    (c) => Object.assign(find(c, 'usage-reported'), { envelope: { schema: 99 } }),
  ],
  [
    'a version of the envelope that nobody knows',
    'envelopes',
    (c) => Object.assign(find(c, 'usage-reported'), { envelope: { v: 2 } }),
  ],
  [
    'a member that no envelope has',
    'envelopes',
    (c) => Object.assign(find(c, 'usage-reported'), { envelope: { position: 7 } }),
  ],
  [
    'a commitment to sealed content that is none',
    'envelopes',
    (c) => Object.assign(find(c, 'usage-reported'), { envelope: { sealed: { subject: 'nobody', commitment: 'x' } } }),
  ],
];

const inData = (type: string, name: string, value: unknown) => (c: Commands) => set(c, type, 0, { [name]: value });
const inEnvelope = (type: string, envelope: Record<string, unknown>) => (c: Commands) =>
  Object.assign(find(c, type), { envelope });

/** Members that the type of the event does not declare, or declares otherwise, and what the finding says. */
const MISFITS: readonly (readonly [what: string, forge: (commands: Commands) => WrittenEvent, message: string])[] = [
  ['a bribe in a grant', inData('access-granted', 'bribeMinor', '1000000'), '/data/bribeMinor must not be there.'],
  ['an object as sector', inData('access-request-submitted', 'sector', { a: 1 }), '/data/sector must be of the type'],
  [
    'an amount with a leading zero',
    inData('fund-established', 'targetMinor', '0500000'),
    '/data/targetMinor must match',
  ],
  ['an amount of 40 digits', inData('fund-established', 'targetMinor', '5'.repeat(40)), '/data/targetMinor must have'],
  ['the currency XXX', inData('fund-established', 'currency', 'XXX'), '/data/currency must be the code of an active'],
  ['a facility in ZZ', inData('facility-registered', 'country', 'ZZ'), '/data/country must be the code of a country'],
  ['an unknown category', inData('partner-classified', 'category', 'friend'), '/data/category must be one of'],
  ['an unknown mode', inData('access-call-opened', 'mode', 'express'), '/data/mode must be one of'],
  ['a signature of 30 February', inData('commitment-signed', 'signedOn', '2026-02-30'), '/data/signedOn must be a day'],
  ['a signature of 29 February 2026', inData('commitment-signed', 'signedOn', '2026-02-29'), '/data/signedOn must be'],
  ['a call that opens on 31 April', inData('access-call-opened', 'opensAt', '2026-04-31T00:00:00Z'), '/data/opensAt'],
  ['no evidence for a category', inData('partner-classified', 'evidenceRef', ' '), '/data/evidenceRef must match'],
  ['an id that is none', inData('chips-allocated', 'allocationId', 'a1'), '/data/allocationId must match'],
  [
    'the clause of another decision',
    inEnvelope('access-granted', { legalBasis: '2021/1173 Art. 12b(16)' }),
    '/legalBasis must be 2021/1173 Art. 12b(15)(b) or 2021/1173 Art. 12b(11).',
  ],
  ['a clause for usage', inEnvelope('usage-reported', { legalBasis: 'x' }), '/legalBasis must not be there.'],
  [
    'an effective time that the data do not have',
    inEnvelope('access-granted', { effectiveAt: '2026-03-02T08:10:01Z' }),
    '/effectiveAt must be the same instant as decidedAt of the data.',
  ],
  [
    'an effective time of usage',
    inEnvelope('usage-reported', { effectiveAt: '2026-03-02T08:00:00Z' }),
    '/effectiveAt must not be there.',
  ],
  [
    'sealed content of usage',
    inEnvelope('usage-reported', { sealed: { subject: SUBJECT, commitment: COMMITMENT } }),
    '/sealed must not be there.',
  ],
];

/** Members that differ from the programme and are as their types declare them. */
const FITTING: readonly (readonly [what: string, change: (commands: Commands) => unknown])[] = [
  [
    'a signature of 29 February 2024',
    (c) =>
      c
        .flatMap((events) => events.filter(({ data }) => 'signedOn' in data))
        .map(({ data }) => Object.assign(data, { signedOn: '2024-02-29' })),
  ],
  [
    'a cause that is a command before it',
    (c) => Object.assign(find(c, 'grant-revoked'), { envelope: { causationId: commandOf(c, 'access-granted') } }),
  ],
  ['an amount of 38 digits', inData('fund-established', 'targetMinor', '5'.repeat(38))],
  ['the clause of a grant', inEnvelope('access-granted', { legalBasis: '2021/1173 Art. 12b(15)(b)' })],
  [
    'the effective time of the data',
    (c) => Object.assign(find(c, 'access-denied'), { effectiveAt: '2026-03-02T08:10:00Z' }),
  ],
];

describe('the second implementation of the rules', () => {
  it('finds nothing in a history that keeps the rules', async () => {
    expect(await verified(entriesOf(story.programme()))).toMatchObject({ verdict: 'verified', findings: 0 });
  });

  it.each(FORGERIES)('finds %s in a signed log', async (_, check, forge) => {
    const commands = story.programme();
    const blamed = forge(commands);
    const { verdict, finding, checked } = await verified(entriesOf(commands));
    const position = commands.flat().indexOf(blamed) + 1;
    expect({ verdict, finding }).toMatchObject({
      verdict: 'wrong',
      finding: { check, position, stream: blamed.stream, type: blamed.type },
    });
    expect(finding?.nextStep).not.toBe('');
    expect(checked.map((line) => line.check)).not.toContain(check);
  });

  it.each(MISFITS)('finds %s in an event', async (_, forge, message) => {
    const commands = story.programme();
    const blamed = forge(commands);
    const { verdict, finding } = await verified(entriesOf(commands));
    expect({ verdict, finding }).toMatchObject({
      verdict: 'wrong',
      finding: {
        check: 'envelopes',
        position: commands.flat().indexOf(blamed) + 1,
        message: expect.stringContaining(message),
      },
    });
  });

  it.each(FITTING)('finds nothing in %s', async (_, change) => {
    const commands = story.programme();
    change(commands);
    expect(await verified(entriesOf(commands))).toMatchObject({ verdict: 'verified', findings: 0 });
  });

  it.each([
    ['white space', (text: string) => text.replace('"data":{', '"data": {')],
    [
      'members in another order',
      (text: string) => text.replace(/^\{("actor":\{[^}]*\}),(.*),"v":1\}$/s, '{$2,"v":1,$1}'),
    ],
    ['a number in another form', (text: string) => text.replace('"schema":2', '"schema":2.0')],
    [
      'an escape that is not needed',
      (text: string) => text.replace('"legalName":"state"', '"legalName":"\\u0073tate"'),
    ],
    ['a member twice', (text: string) => text.replace('"schema":2', '"schema":2,"schema":2')],
    ['half a surrogate pair', (text: string) => text.replace('"legalName":"state"', '"legalName":"\\ud800"')],
    ['something that is no object', () => '7'],
    ['no JSON', (text: string) => text.slice(0, -1)],
  ])('finds an event that is not in its canonical text: %s', async (_, change) => {
    const entries = entriesOf(story.programme());
    const changed = change(String(entries[0]));
    expect(changed).not.toBe(String(entries[0]));
    entries[0] = Buffer.from(changed);
    expect(await verified(entries)).toMatchObject({ verdict: 'wrong', finding: { check: 'envelopes', position: 1 } });
  });

  it('finds bytes that are not UTF-8', async () => {
    const entries = entriesOf(story.programme());
    entries[0]?.fill(0xff, 20, 21);
    expect(await verified(entries)).toMatchObject({ verdict: 'wrong', finding: { check: 'envelopes', position: 1 } });
  });

  it('reaches a verdict on data of any form', async () => {
    const junk = fc.oneof(fc.constantFrom<unknown>(...JUNK), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), junk, async (nth, member, value) => {
        const commands = story.programme();
        const events = commands.flat();
        const data: Record<string, unknown> = events[nth % events.length]?.data ?? {};
        const names = Object.keys(data);
        data[names[member % names.length] ?? 'none'] = value;
        expect((await verified(entriesOf(commands))).verdict).toMatch(/^(?:wrong|verified)$/);
      }),
      { numRuns: 150 },
    );
  });

  // The search above meets a given member of a given type with a given value too rarely to find a crash there.
  it('reaches a verdict on every member of every event type that has no text', async () => {
    for (const [nth, name] of membersOf(story.programme())) {
      const commands = story.programme();
      const data = commands.flat()[nth]?.data ?? {};
      data[name] = JUNK_WITHOUT_TEXT;
      const { verdict } = await verified(entriesOf(commands));
      expect([name, verdict]).toEqual([name, expect.stringMatching(/^(?:wrong|verified)$/)]);
    }
  });

  it.each(ENVELOPE_MEMBERS)('names the event whose envelope has a %s of a hostile form', async (_, hostile) => {
    const commands = story.programme();
    Object.assign(find(commands, 'usage-reported'), { envelope: hostile });
    const position = commands.flat().findIndex(({ type }) => type === 'usage-reported') + 1;
    expect(await verified(entriesOf(commands))).toMatchObject({
      verdict: 'wrong',
      finding: { check: 'envelopes', position },
    });
  });

  it.each([
    ['as many levels as an entry may have', ENTRY_DEPTH_MAX, '/data/aDeepOne must not be there.'],
    ['a level more', ENTRY_DEPTH_MAX + 1, TOO_DEEP],
    ['20,000 levels', 20_000, TOO_DEEP],
  ] as const)('judges an entry with %s as it should', async (_, levels, message) => {
    const entries = entriesOf(story.programme());
    const inData = levels - 2;
    const deep = `${'['.repeat(inData)}${']'.repeat(inData)}`;
    const changed = String(entries[0]).replace('"data":{', `"data":{"aDeepOne":${deep},`);
    expect(changed).not.toBe(String(entries[0]));
    entries[0] = Buffer.from(changed);
    const { finding } = await verified(entries);
    expect(finding).toMatchObject({ check: 'envelopes', position: 1, message });
  });

  it('allows an entry more levels than the ledger accepts', () => {
    // The envelope and its data are two levels around the body of a request.
    expect(ENTRY_DEPTH_MAX).toBeGreaterThan(JSON_DEPTH_MAX + 2);
  });

  it.each([
    ['the day of its recording', '2026-03-02', undefined],
    ['the day after its recording, because clocks differ', '2026-03-03', undefined],
    ['the second day after its recording', '2026-03-04', 'The close is dated after the day on which it was recorded.'],
  ])('judges a financial close that is dated %s as it should', async (_, reachedOn, message) => {
    const commands = story.programme();
    const close = set(commands, 'financial-close-reached', 0, { reachedOn });
    // The calls of the programme are dated 2 March: later and unpaid, only the close itself is judged.
    remove(commands, find(commands, 'capital-call-paid'));
    // Nothing is paid in, so that the distribution is one of the time before that mattered.
    Object.assign(find(commands, 'distribution-paid'), { envelope: { schema: 1 } });
    for (const { data } of commands.flat()) if ('issuedOn' in data) data['issuedOn'] = '2026-03-04';
    const { finding } = await verified(entriesOf(commands));
    const expected = { check: 'funds', position: commands.flat().indexOf(close) + 1, message };
    if (message === undefined) expect(finding).toBeUndefined();
    else expect(finding).toMatchObject(expected);
  });

  it('does not judge calls by the day of a close that was recorded under schema 1', async () => {
    const commands = story.programme();
    const { facilities, committedMinor } = find(commands, 'financial-close-reached').data;
    // Recorded on 2 March: under schema 2 that day would forbid the call of the day before.
    Object.assign(find(commands, 'financial-close-reached'), {
      data: { facilities, committedMinor },
      envelope: { schema: 1 },
    });
    set(commands, 'capital-call-issued', 0, { issuedOn: '2026-03-01' });
    expect(await verified(entriesOf(commands))).toMatchObject({ verdict: 'verified', findings: 0 });
  });

  it('expects the flag of impossible use from schema 2 on, where the chips cannot give what was used, and nowhere else', async () => {
    const flagged = (chipHours: number, interval = DAY_1) => ({
      ...used(chipHours, interval),
      flag: 'exceeds-interval',
    });
    for (const [records, envelope] of [
      [[used(1_440), used(1_440, DAY_2)], { schema: 2 }],
      [[used(1_440), used(1)], { schema: 2 }],
      [[flagged(1_441), used(1_440, DAY_2)], { schema: 2 }],
      [[used(1_440), flagged(2)], { schema: 2 }],
      [[used(1_441), used(1_441)], { schema: 1 }],
    ] as const) {
      const commands = story.programme();
      Object.assign(set(commands, 'usage-reported', 0, { records }), { envelope });
      expect(await verified(entriesOf(commands))).toMatchObject({ verdict: 'verified', findings: 0 });
    }
  });

  it('expects an acceptance of what a partner signs while a policy required it, and of nothing else', async () => {
    const signedBySelf = (c: Commands): WrittenEvent => bySelf(find(c, 'commitment-signed'));
    for (const [what, change] of [
      ['without the policy', (c: Commands) => signedBySelf(c)],
      ['by the operator', (c: Commands) => acceptance(c)],
      ['once accepted', (c: Commands) => (acceptance(c), accepted(c), signedBySelf(c))],
      ['not required', (c: Commands) => (acceptance(c, 'not-required'), signedBySelf(c))],
      [
        'required within the hour',
        (c: Commands) => (acceptance(c, 'required', '2026-03-02T07:30:00Z'), signedBySelf(c)),
      ],
      ['required later', (c: Commands) => (acceptance(c, 'required', '2027-01-01T00:00:00Z'), signedBySelf(c))],
      ['adopted later', (c: Commands) => (signedBySelf(c), acceptance(c, 'required', undefined, c.length - 1))],
    ] as const) {
      const commands = story.programme();
      change(commands);
      const { verdict } = await verified(entriesOf(commands));
      expect([what, verdict]).toEqual([what, 'verified']);
    }
    const commands = story.programme();
    acceptance(commands, 'required', '2026-03-02T06:59:00Z');
    signedBySelf(commands);
    expect(await verified(entriesOf(commands))).toMatchObject({ verdict: 'wrong', findings: 1 });
  });

  it('expects no use of a day that had not begun from schema 3 on', async () => {
    for (const [interval, schema] of [
      [{ from: '2026-05-05T09:00:00Z', to: '2026-05-06T09:00:00Z' }, 3],
      [{ from: '2026-05-06T00:00:00Z', to: '2026-05-07T00:00:00Z' }, 2],
    ] as const) {
      const commands = story.programme();
      reportedLast(commands, interval, schema);
      expect(await verified(entriesOf(commands))).toMatchObject({ verdict: 'verified', findings: 0 });
    }
  });

  it('accepts a checkpoint that ends within the last command', async () => {
    const entries = entriesOf(story.programme());
    // After the cancellation, before its bookings; and after the revocation, before its release.
    for (const missing of [2, 4]) {
      expect(await verified(entries.slice(0, -missing))).toMatchObject({ verdict: 'verified' });
    }
  });
});
