import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMANDS } from '../../src/cli/commands.js';
import { dispatch } from '../../src/cli/dispatch.js';
import { Output } from '../../src/cli/output.js';
import { OPERATOR_KEY, startTestApp, type TestApp } from '../support/app.js';
import { closedPipe } from '../support/closed-pipe.js';

/** More than one call of the API takes. */
const ROWS = 1_200;
const MAPPING = {
  name: 'pipe',
  target: 'partners',
  rowId: ['No'],
  fields: { legalName: 'Name', country: 'Country', legalForm: { constant: 'company' } },
};

describe('ppp-ledger import into a pipe whose reader has gone', () => {
  let api: TestApp;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-pipe-'));
    api = await startTestApp();
  });
  afterAll(async () => {
    await api.stop();
    await rm(folder, { recursive: true });
  });

  it('sends every row to the end, says how many are recorded, and ends with 141', async () => {
    const rows = Array.from({ length: ROWS }, (_, row) => `P-${row},Company ${row},SE`);
    await writeFile(join(folder, 'rows.csv'), `No,Name,Country\n${rows.join('\n')}\n`);
    await writeFile(join(folder, 'mapping.json'), JSON.stringify(MAPPING));
    const args = ['import', join(folder, 'rows.csv'), '--mapping', join(folder, 'mapping.json')];
    let said = '';
    const err = { write: (text: string) => void (said += text) };
    const out = new Output(await closedPipe(folder));
    expect(await dispatch(COMMANDS, [...args, '--url', api.url, '--key', OPERATOR_KEY], { out, err })).toBe(141);
    expect(said).toContain(`${ROWS} of ${ROWS} rows are recorded`);
    const { body } = await api.get(`/v1/events?limit=1&after=${ROWS - 1}&minPosition=${ROWS}`, { key: null });
    expect(body.data).toHaveLength(1);
  });
});
