import { jest } from '@jest/globals';
import { Client } from 'pg';
import { Ledger } from '../../../src/ledger/ledger.js';
import { DENIED, NOW, startProgramme, type Programme } from '../../access/programme.js';
import { startTestApp, type SendOptions, type TestAnswer } from '../../support/app.js';

const NOWHERE = '00000000-0000-4000-8000-000000000000';

let programme: Programme;
beforeAll(async () => {
  programme = await startProgramme();
});
afterAll(() => programme.ledger.stop());

interface Command {
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly ifMatch?: string;
}

let named = 0;
const key = (): string => `item-${(named += 1)}`;
const command = (path: string, body?: object, further: object = {}): Command => ({
  key: key(),
  method: 'POST',
  path,
  ...(body && { body }),
  ...further,
});
const partnerNamed = (legalName: string): Command =>
  command('/v1/partners', { legalName, country: 'SE', legalForm: 'company' });
const bulk = (commands: readonly unknown[], options: SendOptions & { atomic?: boolean } = {}): Promise<TestAnswer> => {
  const { atomic, ...send } = options;
  return programme.ledger.post('/v1/bulk', { commands, ...(atomic === undefined ? {} : { atomic }) }, send);
};
const statuses = ({ body }: TestAnswer): unknown[] => body.outcomes.map(({ status }: { status: number }) => status);
async function lastPosition(): Promise<number> {
  const { body } = await programme.ledger.must(programme.ledger.post('/v1/partners', partnerNamed('Mark').body));
  return Number(body.position);
}

/** A fund that is not closed, with a tranche of 1,000. */
async function fundOf1000(): Promise<{ fundId: string; trancheId: string; partnerId: string }> {
  const { ledger, made, partner } = programme;
  const fundId = await made('/v1/funds', { name: 'Fund', currency: 'EUR', targetMinor: '1000' });
  const tranche = await ledger.must(
    ledger.post(`/v1/funds/${fundId}/tranches`, { rank: 1, kind: 'senior', capMinor: '1000' }),
  );
  return { fundId, trancheId: tranche.body.trancheId, partnerId: await partner() };
}
async function pledged(amountMinor: string, at: { fundId: string; trancheId: string; partnerId: string }) {
  return programme.made('/v1/commitments', { ...at, amountMinor, currency: 'EUR', kind: 'capex' });
}
const signature = (id: string): Command => command(`/v1/commitments/${id}/signature`, { signedOn: '2026-06-01' });

describe('a call of many commands', () => {
  it('answers each command as if it was sent alone, in their order, a mix of kinds', async () => {
    const { facility } = programme;
    const facilityId = await facility();
    const commands = [
      partnerNamed('Bulk one'),
      command(`/v1/facilities/${facilityId}/capacity`, { chipModel: 'GB300', chips: 10, effectiveFrom: '2026-05-01' }),
      command('/v1/funds', { name: 'Bulk fund', currency: 'EUR', targetMinor: '5' }),
      command('/v1/partners', { legalName: 'No form', country: 'SE', legalForm: 'club' }),
      command('/v1/partners/not-an-id/acquisitions', { acquirerId: facilityId, effectiveFrom: '2026-01-01' }),
      command(`/v1/partners/${facilityId}/acquisitions`, { acquirerId: facilityId, effectiveFrom: '2026-01-01' }),
      command('/v1/nothing', {}),
      partnerNamed('Bulk two'),
    ];
    const answer = await bulk(commands);
    expect([answer.status, statuses(answer)]).toEqual([200, [201, 200, 201, 422, 400, 404, 404, 201]]);
    const { outcomes } = answer.body;
    expect(outcomes.map((outcome: { key: string }) => outcome.key)).toEqual(commands.map((one) => one.key));
    expect(outcomes[0].body).toMatchObject({ revision: 0, logState: 'recorded' });
    expect(outcomes[3].body).toMatchObject({
      code: 'invalid-content',
      instance: '/v1/partners',
      errors: [{ pointer: '/legalForm' }],
    });
    const positions = outcomes.flatMap(({ body }: TestAnswer) => body.position ?? []);
    expect(positions).toEqual([...positions].sort((a: number, b: number) => a - b));
    expect(answer.headers['ledger-position']).toBe(String(positions.at(-1)));
    expect(answer.headers['bulk-replayed']).toBe('0');
    // Sent alone, each command is a retry of the call.
    for (const [index, { path, body, key: idempotencyKey }] of commands.entries()) {
      const alone = await programme.ledger.post(path, body ?? {}, { idempotencyKey });
      const { traceId: _one, ...expected } = outcomes[index].body;
      const { traceId: _other, ...found } = alone.body;
      if (index !== 6) expect([index, alone.status, found]).toEqual([index, outcomes[index].status, expected]);
    }
  });

  it('lets each command see the results of the commands before it, whatever streams have to be read first', async () => {
    const at = await fundOf1000();
    const ids = [await pledged('600', at), await pledged('400', at), await pledged('1', at)];
    const [a = '', b = '', c = ''] = ids;
    // A second instance has no stream in memory: every command waits for streams, and they wait in their order.
    const other = await startTestApp({ sharedWith: programme.ledger, clock: () => Date.parse(NOW) });
    try {
      const commands = [
        signature(a),
        command(`/v1/commitments/${a}/amendments`, { deltaMinor: '-100', reason: 'Less.' }),
        command(`/v1/commitments/${a}/amendments`, { deltaMinor: '100', reason: 'More again.' }),
        signature(b),
        signature(c),
        command(`/v1/commitments/${a}/cancellation`, { reason: 'Gone.' }),
        { ...signature(c), key: key() },
      ];
      const answer = await other.post('/v1/bulk', { commands });
      expect(statuses(answer)).toEqual([200, 200, 200, 200, 409, 200, 200]);
      expect(answer.body.outcomes[4].body).toMatchObject({ code: 'tranche-cap-exceeded' });
    } finally {
      await other.stop();
    }
  });

  it('records a thousand commands, and refuses more', async () => {
    const commands = Array.from({ length: 1_000 }, (_, index) => partnerNamed(`Partner ${index}`));
    const answer = await bulk(commands);
    expect([answer.status, new Set(statuses(answer))]).toEqual([200, new Set([201])]);
    const positions: number[] = answer.body.outcomes.map(({ body }: TestAnswer) => body.position);
    expect(positions).toEqual(Array.from({ length: 1_000 }, (_, index) => Number(positions[0]) + index));
    const tooMany = await bulk([...commands, partnerNamed('One more')]);
    expect(tooMany).toMatchObject({ status: 422, body: { errors: [{ pointer: '/commands' }] } });
    expect(await bulk([])).toMatchObject({ status: 422, body: { errors: [{ pointer: '/commands' }] } });
  });

  it('is replayed when it is sent again, and records nothing twice', async () => {
    const commands = [partnerNamed('Once'), command('/v1/partners', { country: 'SE' }), partnerNamed('Once more')];
    const first = await bulk(commands, { idempotencyKey: 'call-again' });
    const again = await bulk(commands, { idempotencyKey: 'call-again' });
    const under = await bulk(commands, { idempotencyKey: 'call-under-another-key' });
    const shown = ({ body }: TestAnswer) =>
      body.outcomes.map(({ status, body: { traceId: _, ...rest } }: TestAnswer) => ({ status, rest }));
    expect([shown(again), shown(under)]).toEqual([shown(first), shown(first)]);
    expect(again.headers['bulk-replayed']).toBe('2');
    const all = await bulk([commands[0], commands[2]]);
    expect(all.headers).toMatchObject({ 'bulk-replayed': '2', 'idempotency-replayed': 'true' });
  });

  it('is refused under a key that belongs to another request', async () => {
    const commands = [partnerNamed('Keyed')];
    await bulk(commands, { idempotencyKey: 'call-key' });
    const before = await lastPosition();
    expect(await bulk([partnerNamed('Other')], { idempotencyKey: 'call-key' })).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-reused' },
    });
    expect(await bulk(commands, { idempotencyKey: 'call-key', atomic: true })).toMatchObject({ status: 422 });
    expect((await bulk(commands, { idempotencyKey: null })).status).toBe(428);
    expect(await lastPosition()).toBe(before + 1);
  });

  it('refuses a list in the place of a command', async () => {
    expect(await bulk([partnerNamed('One'), [[[]]]] as never)).toMatchObject({
      status: 422,
      body: { code: 'invalid-content', errors: [{ pointer: '/commands' }] },
    });
  });

  it('refuses one key for two commands of a call, and a command under the key of another command', async () => {
    const [one, two] = [partnerNamed('One'), partnerNamed('Two')];
    expect(await bulk([one, { ...two, key: one.key }])).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-repeated', errors: [{ pointer: '/commands/1/key' }] },
    });
    expect((await bulk([{ ...one, key: 'the-call' }], { idempotencyKey: 'the-call' })).status).toBe(422);
    await bulk([one]);
    const reused = await bulk([{ ...two, key: one.key }, two]);
    expect(statuses(reused)).toEqual([422, 201]);
    expect(reused.body.outcomes[0].body.code).toBe('idempotency-key-reused');
  });

  it('checks the revision that the caller saw', async () => {
    const id = await programme.partner();
    const affiliation = (further: object) =>
      command(
        `/v1/partners/${id}/classifications`,
        { category: 'sme', basis: 'b', evidenceRef: 'e', effectiveFrom: '2026-01-01' },
        further,
      );
    const answer = await bulk([affiliation({ ifMatch: '"1"' }), affiliation({ ifMatch: '"1"' })]);
    expect(statuses(answer)).toEqual([200, 412]);
    // As a proxy that compresses answers shows the tag. The same call with the tag as it was is a retry.
    const weak = affiliation({ ifMatch: 'W/"2"' });
    const behindProxy = await bulk([weak], { idempotencyKey: 'weak' });
    expect(statuses(behindProxy)).toEqual([200]);
    const retried = await bulk([{ ...weak, ifMatch: '"2"' }], { idempotencyKey: 'weak' });
    expect(retried.headers['idempotency-replayed']).toBe('true');
  });

  it('allows each command only to the roles of its route, and nobody an act on records of another partner', async () => {
    const { ledger, partner } = programme;
    const [own, other] = [await partner(), await partner()];
    const at = await fundOf1000();
    const pledge = (partnerId: string) =>
      command('/v1/commitments', { ...at, partnerId, amountMinor: '1', currency: 'EUR', kind: 'capex' });
    const partnerKey = await ledger.keyFor(['partner'], own);
    const answer = await bulk([pledge(own), pledge(other), partnerNamed('Mine')], { key: partnerKey });
    expect(statuses(answer)).toEqual([201, 403, 403]);
    const codes = answer.body.outcomes.map(({ body }: TestAnswer) => body.code);
    expect(codes).toEqual([undefined, 'not-own', 'role-not-allowed']);
    expect((await bulk([pledge(own)], { key: null })).status).toBe(401);
    const auditor = await bulk([partnerNamed('Read only')], { key: await ledger.keyFor(['auditor']) });
    expect(statuses(auditor)).toEqual([403]);
    const madeUp = command('/v1/commitments', { ...pledge(own).body, illustrative: true });
    const marked = await bulk([madeUp, { ...madeUp, key: key() }], { key: partnerKey });
    expect(statuses(marked)).toEqual([403, 403]);
    expect(marked.body.outcomes[0].body).toMatchObject({ code: 'illustrative-not-allowed', needed: ['operator'] });
    const factual = command('/v1/commitments', { ...pledge(own).body, illustrative: false });
    expect(statuses(await bulk([factual], { key: partnerKey }))).toEqual([201]);
    expect(statuses(await bulk([{ ...madeUp, key: key() }]))).toEqual([201]);
  });

  it('takes no key from the operator, and leaves no record of a call that its role may not make', async () => {
    const { ledger, panelKey } = programme;
    const recorded = async (): Promise<number> => {
      const client = new Client(ledger.databaseUrl);
      await client.connect();
      try {
        return (await client.query('select count(*)::int as n from commands')).rows[0].n;
      } finally {
        await client.end();
      }
    };
    const auditorKey = await ledger.keyFor(['auditor']);
    const before = await recorded();
    for (const idempotencyKey of ['register-2026', 'register-2027']) {
      const squat = [partnerNamed('Squatter'), command('/v1/nothing', {})];
      expect(statuses(await bulk(squat, { key: auditorKey, idempotencyKey }))).toEqual([403, 404]);
    }
    expect(await recorded()).toBe(before);
    // A role that may do something has records under its keys, which are not the operator's.
    const decision = { ...command(`/v1/access-requests/${NOWHERE}/decision`, DENIED), key: 'register-2027' };
    const panel = { key: panelKey, idempotencyKey: 'register-2026' };
    expect(statuses(await bulk([decision, partnerNamed('Squatter')], panel))).toEqual([404, 403]);
    expect(await recorded()).toBe(before + 2);
    for (const idempotencyKey of ['register-2026', 'register-2027']) {
      const own = await ledger.post('/v1/partners', partnerNamed('Own').body, { idempotencyKey });
      expect([idempotencyKey, own.status]).toEqual([idempotencyKey, 201]);
    }
    const again = await bulk([decision, partnerNamed('Squatter')], panel);
    expect(again).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
    const other = await bulk([{ ...decision, body: { ...DENIED, reasonCodes: ['other'] } }], { key: panelKey });
    expect(other.body.outcomes[0].body.code).toBe('idempotency-key-reused');
  });

  it('executes commands that wait for the views as well', async () => {
    const { facility, grant, call, partner, allocate } = programme;
    const facilityId = await facility();
    const grantId = await grant(await call(facilityId), await partner());
    const allocationId = await allocate(facilityId, grantId);
    const record = { allocationId, from: '2026-06-01T00:00:00Z', to: '2026-06-02T00:00:00Z', chipHours: 1 };
    const commands = [
      command('/v1/usage', { records: [record] }),
      command(`/v1/facilities/${facilityId}/allocations/${allocationId}/release`, { at: '2026-06-20' }),
      command('/v1/usage', { records: [record, record] }),
    ];
    const answer = await bulk(commands);
    expect(statuses(answer)).toEqual([200, 200, 200]);
    expect(answer.body.outcomes[2].body.records).toBe(2);
  });

  it('does not execute calls inside calls', async () => {
    const answer = await bulk([command('/v1/bulk', { commands: [partnerNamed('Inner')] })]);
    expect(statuses(answer)).toEqual([404]);
  });

  it('refuses unknown members and other methods', async () => {
    const one = partnerNamed('Strict');
    for (const [commands, pointer] of [
      [[{ ...one, method: 'GET' }], '/commands/0/method'],
      [[{ ...one, headers: {} }], '/commands/0/headers'],
      [[one, 'text'], '/commands/1'],
      [[{ ...one, path: 'https://elsewhere.example/v1/partners' }], '/commands/0/path'],
    ] as const) {
      const { status, body } = await bulk(commands);
      expect([status, body.errors?.[0]?.pointer]).toEqual([422, pointer]);
    }
  });
});

describe('a long call', () => {
  it('is executed in parts, so that commands of others come in between', async () => {
    const parts = jest.spyOn(programme.ledger.app.get(Ledger), 'executeInOrder');
    let isDone = false;
    const call = bulk(Array.from({ length: 1_000 }, (_, at) => partnerNamed(`Long ${at}`))).finally(() => {
      isDone = true;
    });
    const others: number[] = [];
    while (!isDone) others.push(await lastPosition());
    const answer = await call;
    expect(parts.mock.calls.map(([commands]) => commands.length)).toEqual(Array.from({ length: 10 }, () => 100));
    parts.mockRestore();
    expect(new Set(statuses(answer))).toEqual(new Set([201]));
    const own = answer.body.outcomes.map(({ body }: { body: { position: number } }) => body.position);
    expect(own).toHaveLength(1_000);
    const [first, last] = [Math.min(...own), Math.max(...own)];
    expect(others.filter((position) => first < position && position < last)).not.toEqual([]);
  });
});

describe('an atomic call', () => {
  it('records all commands in one write, each on the results of the commands before it', async () => {
    const at = await fundOf1000();
    const id = await pledged('600', at);
    const commands = [
      signature(id),
      command(`/v1/commitments/${id}/amendments`, { deltaMinor: '400', reason: 'More.' }),
      partnerNamed('Atomic'),
    ];
    const answer = await bulk(commands, { atomic: true, idempotencyKey: 'atomic-call' });
    expect(statuses(answer)).toEqual([200, 200, 201]);
    const times = new Set(answer.body.outcomes.map(({ body }: TestAnswer) => body.recordedAt));
    expect(times.size).toBe(1);
    const again = await bulk(commands, { atomic: true, idempotencyKey: 'atomic-call' });
    expect(again).toMatchObject({ status: 200, body: answer.body, headers: { 'idempotency-replayed': 'true' } });
    // Each answer can be replayed under its own key.
    const [{ path = '', body, key: idempotencyKey = '' } = {}] = commands;
    const alone = await programme.ledger.post(path, body, { idempotencyKey });
    expect(alone).toMatchObject({ body: answer.body.outcomes[0].body, headers: { 'idempotency-replayed': 'true' } });
  });

  it('records no command when one is refused, names it, and replays this refusal for ever', async () => {
    const at = await fundOf1000();
    const [a, b] = [await pledged('600', at), await pledged('401', at)];
    const commands = [partnerNamed('Never'), signature(a), signature(b), partnerNamed('Never either')];
    const before = await lastPosition();
    const refused = await bulk(commands, { atomic: true, idempotencyKey: 'atomic-refused' });
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'tranche-cap-exceeded', commandIndex: 2, commandKey: commands[2]?.key, commandStatus: 409 },
    });
    expect(refused.body.detail).toContain('Command 3 of 4');
    expect(await lastPosition()).toBe(before + 1);
    // The reason of the refusal is gone, and the answer is the same: the key of the call belongs to the refusal.
    await programme.ledger.must(programme.ledger.post(`/v1/commitments/${b}/cancellation`, { reason: 'Makes room.' }));
    const again = await bulk(commands, { atomic: true, idempotencyKey: 'atomic-refused' });
    expect(again).toMatchObject({ status: 409, body: refused.body, headers: { 'idempotency-replayed': 'true' } });
    // The keys of the commands are free: a corrected call executes the commands under them.
    const corrected = await bulk([commands[0], commands[1], commands[3]], { atomic: true });
    expect(statuses(corrected)).toEqual([201, 200, 201]);
  });

  it('is also refused as a whole for content, permission and paths, with pointers into the call', async () => {
    const before = await lastPosition();
    const good = partnerNamed('Good');
    const bad = command('/v1/partners', { legalName: 'Bad', country: 'Sweden', legalForm: 'company' });
    expect(await bulk([good, bad], { atomic: true })).toMatchObject({
      status: 409,
      body: {
        code: 'invalid-content',
        commandIndex: 1,
        commandStatus: 422,
        errors: [{ pointer: '/commands/1/body/country' }],
      },
    });
    expect(await bulk([good, command('/v1/nowhere')], { atomic: true })).toMatchObject({
      status: 409,
      body: { code: 'unknown-route', commandStatus: 404 },
    });
    const auditor = await programme.ledger.keyFor(['auditor']);
    expect(await bulk([good], { atomic: true, key: auditor })).toMatchObject({
      status: 409,
      body: { code: 'role-not-allowed', commandStatus: 403 },
    });
    expect(await lastPosition()).toBe(before + 2);
  });

  it('counts a command that was executed before as done, and a command that was refused before as refused', async () => {
    const [done, refused] = [
      partnerNamed('Done'),
      command(`/v1/commitments/${NOWHERE}/signature`, { signedOn: '2026-06-01' }),
    ];
    const first = await bulk([done, refused]);
    expect(statuses(first)).toEqual([201, 404]);
    const rest = partnerNamed('Rest');
    const answer = await bulk([done, rest], { atomic: true });
    expect([statuses(answer), answer.headers['bulk-replayed']]).toEqual([[201, 201], '1']);
    expect(answer.body.outcomes[0].body).toEqual(first.body.outcomes[0].body);
    expect(await bulk([partnerNamed('Not'), refused], { atomic: true })).toMatchObject({
      status: 409,
      body: { code: 'unknown-commitment', commandIndex: 1, commandStatus: 404 },
    });
  });

  it('learns from the store which commands another instance has executed', async () => {
    const other = await startTestApp({ sharedWith: programme.ledger, clock: () => Date.parse(NOW) });
    try {
      const commands = Array.from({ length: 30 }, (_, index) => partnerNamed(`Elsewhere ${index}`));
      const one = await bulk([commands[3]]);
      const here = await other.post('/v1/bulk', { commands, atomic: true }, { idempotencyKey: 'two-instances' });
      expect([new Set(statuses(here)), here.headers['bulk-replayed']]).toEqual([new Set([201]), '1']);
      expect(here.body.outcomes[3].body).toEqual(one.body.outcomes[0].body);
      const there = await bulk(commands, { atomic: true, idempotencyKey: 'two-instances' });
      expect(there.body).toEqual(here.body);
    } finally {
      await other.stop();
    }
  });

  it('executes a thousand commands on streams that are not in memory', async () => {
    const partners = Array.from({ length: 500 }, (_, index) => partnerNamed(`Many ${index}`));
    const made = await bulk(partners);
    const other = await startTestApp({ sharedWith: programme.ledger, clock: () => Date.parse(NOW) });
    try {
      const body = { category: 'sme', basis: 'b', evidenceRef: 'e', effectiveFrom: '2026-01-01' };
      const commands = made.body.outcomes.map(({ body: { id } }: TestAnswer) =>
        command(`/v1/partners/${id}/classifications`, body),
      );
      const answer = await other.post('/v1/bulk', { commands, atomic: true });
      expect([answer.status, new Set(statuses(answer))]).toEqual([200, new Set([200])]);
    } finally {
      await other.stop();
    }
  });
});
