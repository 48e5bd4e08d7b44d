import { REFUSALS } from '../../../src/refusals.js';
import { startTestApp, type TestApp } from '../../support/app.js';

let app: TestApp;
beforeAll(async () => (app = await startTestApp()));
afterAll(() => app.stop());

const browser = { key: null, headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } };

describe('the type of a problem', () => {
  it('is the path of a page without a key, which says what the code means', async () => {
    const refused = await app.get('/v1/funds/3f2c8f0e-9a1b-8c3d-9e4f-5a6b7c8d9e0f');
    expect(refused.body).toMatchObject({ code: 'unknown-fund', type: '/problems/unknown-fund' });
    const page = await app.get(refused.body.type, { key: null });
    expect(page.status).toBe(200);
    expect(page.body).toEqual({
      code: 'unknown-fund',
      type: '/problems/unknown-fund',
      status: 404,
      means: REFUSALS['unknown-fund'].means,
      next: REFUSALS['unknown-fund'].next,
      clause: null,
      facts: [{ name: 'id', description: 'The id that was given.', always: true }],
    });
  });

  it('is HTML for browsers, with the clause and the facts', async () => {
    const { headers, text } = await app.get('/problems/evidence-missing', browser);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['vary']).toContain('Accept');
    expect(text).toContain('<h2>Clause</h2><p>2022/1925 Art. 3</p>');
    expect(text).toContain('<dt><code>category</code></dt>');
    expect(text).toContain('<dt><code>clause</code> (in some cases)</dt>');
    // Sentences are text, whatever characters they hold.
    expect((await app.get('/problems/unauthenticated', browser)).text).toContain('Bearer &lt;key&gt;');
  });

  it('is in the list of all', async () => {
    const { body } = await app.get('/problems', { key: null });
    expect(body.data.map(({ code }: { code: string }) => code)).toEqual(Object.keys(REFUSALS));
    const { text } = await app.get('/problems', browser);
    for (const code of Object.keys(REFUSALS)) expect(text).toContain(`<a href="/problems/${code}">`);
  });

  it('is refused for a code that there is not, and for what is no code', async () => {
    expect((await app.get('/problems/no-such-code', { key: null })).body).toMatchObject({
      status: 404,
      code: 'unknown-problem',
      id: 'no-such-code',
    });
    expect((await app.get('/problems/No%20code', { key: null })).body).toMatchObject({
      status: 400,
      code: 'malformed-parameter',
    });
  });
});
