import { startTestApp, type TestApp } from '../../support/app.js';
import { shownDocument } from '../../support/docs.js';

describe('the documentation at /docs', () => {
  let api: TestApp;
  beforeAll(async () => (api = await startTestApp()));
  afterAll(() => api.stop());

  const parameter = async (path: string, name: string) =>
    (await shownDocument(api)).paths[path]?.['get']?.parameters?.find((each) => each.name === name);

  it('is where a browser gets to from the address of the service', async () => {
    const answer = await fetch(api.url);
    expect(answer.url).toBe(`${api.url}/docs/`);
    expect(await answer.text()).toContain('swagger-ui');
  });

  it('keeps the credential, makes a key for every command, and reads its document from beside it', async () => {
    const settings = await (await fetch(`${api.url}/docs/swagger-ui-init.js`)).text();
    expect(settings).toContain('"persistAuthorization": true');
    expect(settings).toContain('"url": "./openapi.json"');
    expect(settings).toContain('Idempotency-Key');
  });

  it('fills in no optional parameter, and says what one looks like', async () => {
    const operations = Object.values((await shownDocument(api)).paths).flatMap((path) => Object.values(path));
    const shown = operations.flatMap(({ parameters = [] }) => parameters);
    expect(shown.length).toBeGreaterThan(100);
    for (const { required, example, schema } of shown) {
      if (required !== true) expect(example).toBeUndefined();
      expect(schema?.example).toBeUndefined();
    }
    const asOf = await parameter('/v1/transparency/equal-access', 'asOf');
    expect(asOf).toMatchObject({ description: expect.stringContaining('For example `') as string });
  });

  it('fills in what this ledger holds, and the example of the document where it holds nothing', async () => {
    const invented = (await parameter('/v1/partners/{id}', 'id'))?.example;
    expect(invented).toMatch(/^[0-9a-f-]{36}$/);
    const legal = { legalName: 'Nordlys Materials AB', country: 'SE', legalForm: 'company' };
    const { body } = await api.must(api.post('/v1/partners', legal));
    await api.get(`/v1/partners/${body.id}?minPosition=${body.position}`);
    expect((await parameter('/v1/partners/{id}', 'id'))?.example).toBe(body.id);
    const command = (await shownDocument(api)).paths['/v1/partners/{id}/classifications']?.['post'];
    expect(command?.requestBody?.content['application/json']?.example).toMatchObject({
      category: 'sme',
      effectiveFrom: new Date().toISOString().slice(0, 10),
    });
  });
});
