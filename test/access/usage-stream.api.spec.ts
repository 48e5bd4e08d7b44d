import { request, type IncomingHttpHeaders } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { OPERATOR_KEY, type TestAnswer } from '../support/app.js';
import { startProgramme, type Programme } from './programme.js';

const BODY_BYTES_MAX = 16 * 1_048_576;

let programme: Programme;
let allocationId: string;
beforeAll(async () => {
  programme = await startProgramme();
  const { partner, facility, call, grant, allocate } = programme;
  const facilityId = await facility();
  allocationId = await allocate(facilityId, await grant(await call(facilityId), await partner()));
});
afterAll(() => programme.ledger.stop());

const record = (further: object = {}) => ({
  allocationId,
  from: '2026-06-02T00:00:00Z',
  to: '2026-06-03T00:00:00Z',
  chipHours: 1,
  ...further,
});

interface Sent {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: TestAnswer['body'];
}
interface SendOptions {
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Maximum number of bytes in a piece. The minimum is 1. */
  readonly pieceMax?: number;
  /** Breaks the connection after this number of bytes. */
  readonly cutAt?: number;
}

let keys = 0;
/** Sends the body like a slow caller: in small pieces of random sizes. */
async function send(text: string | Buffer, options: SendOptions = {}): Promise<Sent> {
  const { headers = {}, pieceMax = 9, cutAt = Infinity } = options;
  const given: Record<string, string | undefined> = {
    authorization: `Bearer ${OPERATOR_KEY}`,
    'content-type': 'application/json',
    'idempotency-key': `stream-${(keys += 1)}`,
    ...headers,
  };
  const call = request(`${programme.ledger.url}/v1/usage`, {
    method: 'POST',
    headers: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  });
  call.setNoDelay(true);
  const answer = new Promise<Sent>((resolve, reject) => {
    // The answer to an oversized body comes while the body is still being sent.
    let isAnswered = false;
    call.once('error', (error) => isAnswered || reject(error));
    call.once('response', (response) => {
      isAnswered = true;
      let all = '';
      response.setEncoding('utf8').on('data', (part: string) => (all += part));
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: all === '' ? {} : JSON.parse(all),
        }),
      );
    });
  });
  answer.catch(() => undefined);
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length && !call.destroyed;) {
    if (from >= cutAt) {
      call.destroy();
      break;
    }
    const to = from + 1 + Math.floor(Math.random() * pieceMax);
    call.write(bytes.subarray(from, to));
    from = to;
    await setImmediate();
  }
  call.end();
  return answer;
}

const refusalOf = ({ status, body: { code, detail, errors } }: Sent) => ({ status, code, detail, errors });
const malformed = (code: string, detail: string, pointer?: string) => ({
  status: 400,
  code,
  detail,
  errors: pointer === undefined ? [] : [{ pointer, detail }],
});
const notJson = (column: number, line = 1) =>
  malformed(
    'malformed-json',
    `The body is not valid JSON: line ${line}, column ${column}. Check quotes, commas and brackets.`,
  );
const invalid = (pointer: string, detail: string) => ({
  status: 422,
  code: 'invalid-content',
  detail,
  errors: [{ pointer, detail }],
});

describe('a report of usage that comes in small pieces', () => {
  it('is recorded when it is complete, and replayed when it is sent again in other pieces', async () => {
    const records = [record(), { ...record(), chipHours: 2 }];
    const key = { 'idempotency-key': 'stream-in-pieces' };
    const first = await send(JSON.stringify({ records }), { headers: key });
    expect(first).toMatchObject({ status: 200, body: { records: 2, flagged: 0 } });
    const notation = JSON.stringify({ records: records.map(({ chipHours, ...rest }) => ({ chipHours, ...rest })) });
    const again = await send(
      notation.replaceAll('"chipHours":2', '"chip\\u0048ours" : 20e-1').replaceAll(',', ' ,\n'),
      {
        headers: { ...key, 'content-length': undefined },
        pieceMax: 40,
      },
    );
    expect(again).toMatchObject({ status: 200, body: first.body, headers: { 'idempotency-replayed': 'true' } });
    const other = await send(JSON.stringify({ records: [record()] }), { headers: key });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
  });

  it('is the same command in a bulk', async () => {
    const body = { records: [record({ chipHours: 3 }), record({ chipHours: 4 })] };
    const command = { key: 'stream-and-bulk', method: 'POST', path: '/v1/usage', body };
    const bulk = await programme.ledger.must(programme.ledger.post('/v1/bulk', { commands: [command] }));
    const alone = await send(JSON.stringify(body), { headers: { 'idempotency-key': command.key } });
    expect(alone).toMatchObject({ status: 200, headers: { 'idempotency-replayed': 'true' } });
    expect(alone.body).toEqual(bulk.body.outcomes[0].body);
  });

  it.each([
    ['a text that ends too early', '{"records":[{"allocationId":"', notJson(30)],
    ['a comma too many', '{"records":[1,]}', notJson(15)],
    ['a second body after the first', '{"records":[]}{}', notJson(15)],
    ['nothing but white space', ' \n ', notJson(2, 2)],
    [
      'a name that is repeated',
      '{"records":[{"chipHours":1}],"records":[]}',
      malformed('name-repeated', 'The name "records" stands twice in one object. Send it once.', '/records'),
    ],
    [
      'a name that is repeated in a record',
      String.raw`{"records":[{},{"chipHours":1,"chip\u0048ours":1}]}`,
      malformed(
        'name-repeated',
        'The name "chipHours" stands twice in one object. Send it once.',
        '/records/1/chipHours',
      ),
    ],
  ])('refuses %s as malformed', async (_what, text, refusal) => {
    expect(refusalOf(await send(text))).toEqual(refusal);
  });

  it('is refused with the number that would be recorded as another one', async () => {
    const { code, errors } = refusalOf(await send('{"records":[{"chipHours":1e400}]}'));
    expect([code, errors]).toEqual([
      'number-not-exact',
      [expect.objectContaining({ pointer: '/records/0/chipHours' })],
    ]);
  });

  it('is refused when its bytes are not UTF-8', async () => {
    const bytes = Buffer.from('{"records":[{"\xff":1}]}', 'latin1');
    expect(refusalOf(await send(bytes))).toMatchObject({ status: 400, code: 'malformed-utf8', errors: [] });
  });

  it('is refused with a pointer for content that is dangerous in JSON', async () => {
    for (const [member, name] of [
      ['"a/b":{"constructor":1}', 'a~1b/constructor'],
      ['"__proto__":{"chipHours":1}', '__proto__'],
    ]) {
      expect(refusalOf(await send(`{"records":[{},{${member}}]}`))).toEqual({
        ...invalid(`/records/1/${name}`, `No field may be named "${name?.split('/').at(-1)}". Remove it.`),
        code: 'field-name-refused',
      });
    }
    expect(refusalOf(await send(`{"records":[7,${'['.repeat(16)}${']'.repeat(16)}]}`))).toEqual({
      ...invalid(`/records/1${'/0'.repeat(14)}`, 'The body is nested deeper than 16 levels. Flatten it.'),
      code: 'json-too-deep',
    });
    expect(refusalOf(await send(String.raw`{"records":["\ud800"]}`))).toEqual(
      malformed('malformed-json', 'The body holds text that has no UTF-8 form (a lone surrogate). Remove it.'),
    );
  });

  it.each([
    ['an empty body', '', '/records', 'records must be a list of 1 to 10000 objects.'],
    ['no list', '{}', '/records', 'records must be a list of 1 to 10000 objects.'],
    ['text in place of the list', '{"records":"none"}', '/records', 'records must be a list of 1 to 10000 objects.'],
    ['an empty list', '{"records":[]}', '/records', 'records must be a list of 1 to 10000 objects.'],
    [
      'a list in place of a record',
      '{"records":[REC,[[]]]}',
      '/records',
      'records must be a list of 1 to 10000 objects.',
    ],
    ['a field beside the list', '{"records":[REC],"a/b":1}', '/a~1b', 'There is no field "a/b" here. Remove it.'],
    [
      'a field that no record has',
      '{"records":[REC,{"x":1,REST]}',
      '/records/1/x',
      'There is no field "x" here. Remove it.',
    ],
    [
      'a number in place of a record',
      '{"records":[REC,REC,7]}',
      '/records/2',
      'Every item of records must be an object.',
    ],
  ])('refuses %s', async (_what, template, pointer, detail) => {
    const rest = JSON.stringify(record()).slice(1);
    const text = Buffer.from(
      Buffer.from(template).toString('latin1').replaceAll('REC', `{${rest}`).replaceAll('REST', rest),
      'latin1',
    );
    expect(refusalOf(await send(text))).toEqual(invalid(pointer, detail));
    // Credential and idempotency key are checked before the content.
    expect((await send(text, { headers: { authorization: undefined } })).status).toBe(401);
    expect((await send(text, { headers: { 'idempotency-key': undefined } })).status).toBe(428);
  });

  it('is refused with pointers to at most fifty wrong fields', async () => {
    const detail = 'chipHours must be a whole number from 0 to 100000000000, written as a JSON number.';
    const records = Array.from({ length: 60 }, (_, at) => (at === 17 ? record({ chipHours: '1' }) : record()));
    expect(refusalOf(await send(JSON.stringify({ records }), { pieceMax: 500 }))).toEqual(
      invalid('/records/17/chipHours', detail),
    );
    const wrong = records.map((one) => ({ ...one, chipHours: 0.5 }));
    const { body } = await send(JSON.stringify({ records: wrong }), { pieceMax: 500 });
    expect(body.errors).toEqual(
      Array.from({ length: 50 }, (_, at) => ({ pointer: `/records/${at}/chipHours`, detail })),
    );
  });

  it('is refused when the body is a list', async () => {
    expect(refusalOf(await send('[]'))).toEqual(malformed('malformed-json', 'Send a JSON object as the body.'));
  });

  it('is refused with more records than the limit, for any content of the records', async () => {
    const text = JSON.stringify({ records: Array.from({ length: 10_001 }, () => record()) });
    expect(refusalOf(await send(text, { pieceMax: 50_000 }))).toEqual(
      invalid('/records', 'records must be a list of 1 to 10000 objects.'),
    );
  });

  it('is refused when it is too large: immediately if its length is declared, else at the limit', async () => {
    const refusal = {
      status: 413,
      code: 'body-too-large',
      detail: 'The body is larger than this route takes.',
      errors: [],
    };
    const told = { headers: { 'content-length': String(BODY_BYTES_MAX + 1) } };
    expect(refusalOf(await send('{', told))).toEqual(refusal);
    const text = Buffer.alloc(BODY_BYTES_MAX + 1, ' ');
    expect(refusalOf(await send(text, { pieceMax: 2_097_152 }))).toEqual(refusal);
    text.write('{"records":[}');
    expect(refusalOf(await send(text, { pieceMax: 2_097_152 }))).toEqual(refusal);
  });

  it('is refused without the content type of JSON', async () => {
    const refusal = {
      status: 415,
      code: 'unsupported-media-type',
      detail: 'Send the body as JSON with "Content-Type: application/json".',
      errors: [],
    };
    for (const type of ['text/plain', 'application/x-ndjson', undefined]) {
      expect(refusalOf(await send('{"records":[]}', { headers: { 'content-type': type } }))).toEqual(refusal);
    }
  });

  it('leaves nothing behind when its sender disconnects, and does not block other requests while it arrives', async () => {
    const { ledger } = programme;
    const before = await ledger.get('/v1/transparency/summary');
    const text = JSON.stringify({ records: Array.from({ length: 200 }, () => record()) });
    const slow = send(text, { cutAt: 20_000, pieceMax: 400 });
    await expect(Promise.all([ledger.get('/livez'), ledger.get('/readyz')])).resolves.toMatchObject([
      { status: 200 },
      { status: 200 },
    ]);
    await expect(slow).rejects.toThrow();
    const after = await ledger.get('/v1/transparency/summary');
    expect(after.headers['ledger-position']).toBe(before.headers['ledger-position']);
  });
});
