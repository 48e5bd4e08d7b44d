import { startTestApp, type TestApp } from '../../support/app.js';

describe('the headers of every answer', () => {
  let api: TestApp;
  beforeAll(async () => (api = await startTestApp()));
  afterAll(() => api.stop());

  it.each(['/livez', '/v1/transparency/equal-access', '/v1/nowhere', '/openapi.json'])(
    'protect the readers of %s',
    async (path) => {
      const { headers } = await fetch(api.url + path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("script-src 'self'");
      // Over plain http a browser must stay on http, and load the rest of the page from there.
      expect(headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
      expect(headers.get('strict-transport-security')).toBeNull();
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  it('keep browsers on https where a proxy says that TLS is in front, for this host alone', async () => {
    const { headers } = await fetch(`${api.url}/livez`, { headers: { 'x-forwarded-proto': 'https' } });
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
  });

  it('let pages of other origins read public answers only', async () => {
    const origin = { headers: { origin: 'https://press.example.eu' } };
    const open = await fetch(`${api.url}/v1/transparency/equal-access`, origin);
    expect(open.headers.get('access-control-allow-origin')).toBe('*');
    const closed = await fetch(`${api.url}/v1/partners`, origin);
    expect(closed.headers.get('access-control-allow-origin')).toBeNull();
  });
});
