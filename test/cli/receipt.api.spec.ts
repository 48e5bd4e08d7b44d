import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatVerifierKey, noteKeyOf, signingKey } from '../../src/tlog/note-key.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { ppp } from '../support/command-line.js';

const OTHER_VKEY = formatVerifierKey(noteKeyOf(signingKey('localhost/log', Buffer.alloc(32, 1))));

describe('ppp-ledger audit receipt', () => {
  let folder: string;
  let vkey: string;
  let position: number;
  const at = (name: string): string => join(folder, name);
  const run = (...args: readonly string[]) => ppp('audit', 'receipt', ...args);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-receipt-'));
    const api = await startTestApp();
    try {
      await keep(api);
    } finally {
      // All later checks run without the service.
      await api.stop();
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** The files of a partner: the event in the forms of three answers, the receipt, the key. */
  async function keep(api: TestApp): Promise<void> {
    const open = { key: null };
    const company = { legalName: 'Université de la Côte', country: 'FR', legalForm: 'company' };
    const registered = await api.must(api.post('/v1/partners', company));
    await api.must(api.post('/v1/partners', company));
    position = Number(registered.body.position);
    const page = (await api.get(`/v1/events?after=${position - 1}`, open)).body;
    const [event, next] = page.data;
    await writeFile(at('receipt'), (await api.get(`/v1/events/${event.id}/proof`, open)).text);
    await writeFile(at('answer.json'), (await api.get(`/v1/events/${event.id}`, open)).text);
    await writeFile(at('element.json'), JSON.stringify(event, null, 2));
    await writeFile(at('other.json'), JSON.stringify({ ...next, position }));
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    await writeFile(at('deep.json'), JSON.stringify(event).replace('"data":{', `"data":{"a":${deep},`));
    await writeFile(at('page.json'), JSON.stringify(page));
    vkey = (await api.get('/log/vkey', open)).text;
    await writeFile(at('vkey'), vkey);
    await writeFile(at('policy'), (await api.get('/log/policy', open)).text);
  }

  it.each(['answer.json', 'element.json'])(
    'proves the event of %s without the service, and prints it',
    async (event) => {
      const { code, out, err } = await run(at('receipt'), '--event', at(event), '--vkey', at('vkey'));
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain('"legalName":"Université de la Côte"');
      expect(out).toContain(`VERIFIED: the log signed a history that has this event at position ${position}.`);
      expect(out).toMatch(/Not part of this check:\n {2}cosignatures +You gave no policy of witnesses/);
    },
  );

  it('accepts the key itself, or a policy that lists the log', async () => {
    const call = [at('receipt'), '--event', at('answer.json')];
    expect((await run(...call, '--vkey', vkey.trim())).code).toBe(0);
    const { code, out } = await run(...call, '--policy', at('policy'), '--json');
    expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ verdict: 'verified', position })]);
  });

  it.each([
    ['an event with the position of another', 1, ['receipt', '--event', 'other.json'], 'does not prove this event'],
    ['a page of events', 2, ['receipt', '--event', 'page.json'], 'give one element of its "data"'],
    ['an event in 20,000 levels', 2, ['receipt', '--event', 'deep.json'], 'without a canonical form'],
    ['an event in place of the receipt', 2, ['answer.json', '--event', 'answer.json'], 'tlog-proof'],
    ['a receipt in place of the event', 2, ['receipt', '--event', 'receipt'], 'it is no JSON'],
    ['a receipt that is not there', 2, ['nowhere', '--event', 'answer.json'], 'cannot be read: ENOENT'],
    ['a folder', 2, ['.', '--event', 'answer.json'], 'cannot be read'],
  ])('ends with its exit code for %s', async (_what, expected, [receipt = '', option = '', event = ''], why) => {
    const { code, out, err } = await run(at(receipt), option, at(event), '--vkey', at('vkey'));
    expect([code, out, err]).toEqual([expected, '', expect.stringContaining(why)]);
  });

  it('ends with 2 for a key that did not sign the receipt', async () => {
    const { code, out } = await run(at('receipt'), '--event', at('answer.json'), '--vkey', OTHER_VKEY, '--json');
    expect([code, JSON.parse(out)]).toEqual([2, expect.objectContaining({ verdict: 'unchecked' })]);
  });

  it('does not read an endless file to the end', async () => {
    for (const [receipt, event] of [
      ['/dev/zero', at('answer.json')],
      [at('receipt'), '/dev/zero'],
    ] as const) {
      const { code, err } = await run(receipt, '--event', event, '--vkey', at('vkey'));
      expect([code, err]).toEqual([2, expect.stringMatching(/\/dev\/zero cannot be read: it has more than \d+ bytes/)]);
    }
  });

  it.each([
    [['--event', 'e', '--vkey', OTHER_VKEY], 'Give one FILE.'],
    [['f', '--vkey', OTHER_VKEY], '--event FILE'],
    [['f', '--event', 'e'], '--vkey KEY|FILE'],
    [['f', '--event', 'e', '--vkey', 'no-such-file'], '--vkey: no-such-file cannot be read'],
    [['f', '--event', 'e', '--vkey', OTHER_VKEY, '--fast'], "Unknown option '--fast'"],
  ])('refuses %j with 64, and reports why', async (args, why) => {
    const { code, out, err } = await run(...args);
    expect([code, out]).toEqual([64, '']);
    expect(err).toContain(why);
    expect(err).toContain('Usage: ppp-ledger audit receipt FILE --event FILE');
  });
});
