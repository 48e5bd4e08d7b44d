import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgramme, type Programme } from '../access/programme.js';
import { OPERATOR_KEY } from '../support/app.js';
import { ppp, type Ran } from '../support/command-line.js';

const EXAMPLES = 'src/import/examples';

let programme: Programme;
let folder: string;
beforeAll(async () => {
  programme = await startProgramme();
  folder = await mkdtemp(join(tmpdir(), 'ppp-ledger-import-'));
});
afterAll(async () => {
  await programme.ledger.stop();
  await rm(folder, { recursive: true });
});

interface Run extends Ran {
  /** Ids of the recorded rows, by row. */
  readonly ids: Readonly<Record<string, string>>;
}

async function run(file: string, mapping: string, ...further: string[]): Promise<Run> {
  const where = ['--url', programme.ledger.url, ...(further.includes('--key') ? [] : ['--key', OPERATOR_KEY])];
  const ran = await ppp('import', file, '--mapping', mapping, ...where, ...further);
  const rows = ran.out
    .split('\n')
    .slice(1, -1)
    .map((line) => line.split(','));
  return { ...ran, ids: Object.fromEntries(rows.map(([, row = '', id = '']) => [row, id])) };
}

let written = 0;
async function file(extension: string, text: string): Promise<string> {
  const path = join(folder, `${(written += 1)}${extension}`);
  await writeFile(path, text);
  return path;
}

/** An example of the repository, with ids of this ledger in place of the ids in the documentation. */
async function example(name: string, ids: Readonly<Record<string, string>> = {}): Promise<string> {
  const text = await readFile(`${EXAMPLES}/${name}`, 'utf8');
  const known = Object.entries(ids).reduce((rest, [from, to]) => rest.replaceAll(from, to), text);
  return file(name.slice(name.lastIndexOf('.')), known);
}

const MAPPING = {
  name: 'spec',
  target: 'partners',
  rowId: ['No'],
  fields: { legalName: 'Name', country: 'Country', legalForm: { constant: 'company' } },
};
const mappingOf = (change: object = {}): Promise<string> => file('.json', JSON.stringify({ ...MAPPING, ...change }));

describe('the examples of ppp-ledger import', () => {
  it('import partners, once', async () => {
    const [csv, mapping] = [`${EXAMPLES}/partners.csv`, `${EXAMPLES}/partners.json`];
    const first = await run(csv, mapping);
    expect([first.code, first.err]).toEqual([0, expect.stringContaining('3 of 3 rows are recorded; 0 were refused')]);
    const { body } = await programme.read(`/v1/partners/${first.ids['P-002']}`);
    expect(body).toMatchObject({
      legalName: 'Université de la Côte; laboratoire de calcul',
      country: 'FR',
      registeredOn: '1896-10-01',
    });
    const again = await run(csv, mapping);
    expect([again.code, again.ids]).toEqual([0, first.ids]);
    expect(again.err).toContain('3 of 3 rows are recorded, 3 of them by an earlier run');
  });

  it('import commitments, to the cent', async () => {
    const { ledger, made, partner } = programme;
    const fundId = await made('/v1/funds', { name: 'Fund', currency: 'EUR', targetMinor: '500000000000' });
    const tranche = { rank: 1, kind: 'senior', capMinor: '500000000000' };
    const { trancheId } = (await ledger.must(ledger.post(`/v1/funds/${fundId}/tranches`, tranche))).body;
    const ids = {
      '1c7f5d2a-8e06-8f3b-b1d9-7a4c0e92f658': fundId,
      '9d0c7a52-44f1-8b7e-a0c4-1f6e8d2b3a95': String(trancheId),
      '6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60': await programme.facility(),
      '5d1c9c5e-6a0b-4c2f-8f5e-2f0a4b7c9d11': await partner({ legalForm: 'member-state', category: null }),
    };
    const {
      code,
      err,
      ids: recorded,
    } = await run(await example('commitments.csv', ids), await example('commitments.json', ids));
    expect([code, err]).toEqual([0, expect.stringContaining('3 of 3')]);
    const { body } = await programme.read(`/v1/commitments/${recorded['C-001']}`);
    expect(body).toMatchObject({ status: 'pledged', kind: 'capex', programme: 'Digital Europe' });
    const events = await ledger.get(`/v1/events?stream=commitment-${recorded['C-001']}`);
    expect(events.body.data[0].data).toMatchObject({ amountMinor: '125050000000' });
  });

  it('import allocations and their usage', async () => {
    const { facility, call, partner, grant, read } = programme;
    const facilityId = await facility();
    const grantId = await grant(await call(facilityId), await partner(), 400_000);
    const ids = {
      '6f1c2b9e-0d7a-4e35-8a52-3b9f7c4d1e60': facilityId,
      'd81f3a6c-2b57-4e90-8c14-9a0e5f7b2d63': grantId,
    };
    const allocations = await run(await example('allocations.csv', ids), `${EXAMPLES}/allocations.json`);
    expect([allocations.code, allocations.err]).toEqual([0, expect.stringContaining('2 of 2')]);
    const allocationId = allocations.ids['A-17'] ?? '';
    const usage = await run(
      await example('usage.ndjson', { 'c47b8d02-91e6-4f3a-b5d8-2e7a6c1f0d94': allocationId }),
      `${EXAMPLES}/usage.json`,
    );
    expect([usage.code, usage.err]).toEqual([0, expect.stringContaining('2 of 2')]);
    const { body } = await read(`/v1/usage?facilityId=${facilityId}`);
    expect(body.data).toMatchObject([
      { id: allocationId, chips: 64, to: '2026-06-08T12:00:00Z', chipHoursUsed: 381, records: 2 },
      { chips: 128, chipHoursUsed: 0 },
    ]);
    // A record that the chips cannot deliver is recorded, and the import says so.
    const line = { allocation: allocationId, begin: '2026-06-02 01:00', end: '2026-06-02 02:00', chip_hours: 65 };
    const beyond = await run(await file('.ndjson', JSON.stringify(line)), `${EXAMPLES}/usage.json`);
    expect([beyond.code, beyond.err]).toEqual([
      0,
      expect.stringMatching(
        /:1: recorded with a flag: 65 chip-hours are reported in the record .* its 64 chips give 64 /,
      ),
    ]);
  });
});

describe('ppp-ledger import', () => {
  it('reports in a dry run each fault with its place and correction, and the unchecked facts, and sends nothing', async () => {
    const csv = await file(
      '.csv',
      '\ufeffNo,Name,Country\n1,Right,SE\n2,Wrong,Sweden\n3,"Two\nlines",SE\n4,Missing\n,No id,SE\n5,,NO\n',
    );
    const { code, out, err } = await run(csv, await mappingOf(), '--dry-run');
    expect([code, out]).toEqual([1, '']);
    const faults = err.split('\n').filter((line) => line.startsWith(csv));
    expect(faults.map((line) => line.slice(csv.length + 1))).toEqual([
      expect.stringMatching(/^3: column "Country": country must be an ISO 3166-1/),
      expect.stringMatching(/^4: column "Name": legalName must be a text of 1 to 300 characters on one line/),
      expect.stringMatching(/^6: The row has 2 cells, not as many cells as the first line/),
      expect.stringMatching(/^7: The row has no id: fill in "No"/),
      expect.stringMatching(/^8: column "Name": legalName must be/),
    ]);
    expect(err).toContain('6 rows of partners, 5 of them wrong; nothing was sent.');
    expect(err).toContain('Not checked: whether the registration dates have come; what the key may do');
  });

  it('sends nothing when a row is wrong, unless --skip-wrong is set', async () => {
    const csv = await file('.csv', 'No,Name,Country\nskip-1,Right,SE\nskip-2,Wrong,Sweden\nskip-3,Right too,NO\n');
    const mapping = await mappingOf();
    const none = await run(csv, mapping);
    expect([none.code, none.out, none.err]).toEqual([1, '', expect.stringContaining('nothing was sent')]);
    const some = await run(csv, mapping, '--skip-wrong');
    expect([some.code, Object.keys(some.ids)]).toEqual([1, ['skip-1', 'skip-3']]);
    // The row is corrected and the file is sent again: only this row is new.
    const mended = await file('.csv', 'No,Name,Country\nskip-1,Right,SE\nskip-2,Wrong,SE\nskip-3,Right too,NO\n');
    const all = await run(mended, mapping);
    expect([all.code, all.err]).toEqual([0, expect.stringContaining('3 of 3 rows are recorded, 2 of them by')]);
    expect(all.ids).toMatchObject(some.ids);
  });

  it('sends nothing, also with --skip-wrong, when cells of a column contradict its notation', async () => {
    const mapping = await mappingOf({
      fields: { ...MAPPING.fields, registeredOn: { column: 'On', pattern: 'DD/MM/YYYY' } },
    });
    const csv = await file('.csv', 'No,Name,Country,On\ndoubt-1,A,SE,05/06/2026\n,,,\ndoubt-2,B,SE,05/13/2026\n');
    const { code, out, err } = await run(csv, mapping, '--skip-wrong');
    expect([code, out]).toEqual([1, '']);
    expect(err.split('\n')).toEqual([
      expect.stringContaining(':4: column "On": "05/13/2026" is not a date of the form DD/MM/YYYY.'),
      '1 row of nothing but delimiters skipped.',
      expect.stringMatching(
        /^1 of 2 rows are wrong, and nothing was sent\. .* --skip-wrong sends nothing either, because "On" has/,
      ),
      '',
    ]);
  });

  it('does not record a row again after a change of its content', async () => {
    const mapping = await mappingOf();
    await run(await file('.csv', 'No,Name,Country\nchanged,Before,SE\n'), mapping);
    const { code, err } = await run(await file('.csv', 'No,Name,Country\nchanged,After,SE\n'), mapping);
    expect([code, err]).toEqual([
      1,
      expect.stringContaining(':2: The row changed was sent before with other content.'),
    ]);
    const { body } = await programme.read('/v1/partners?q=After');
    expect(body.data).toEqual([]);
    // Another series has separate rows.
    const other = await mappingOf({ name: 'another-series' });
    expect((await run(await file('.csv', 'No,Name,Country\nchanged,After,SE\n'), other)).code).toBe(0);
  });

  it('reports refusals of the ledger with their lines', async () => {
    const mapping = await mappingOf({
      target: 'usage',
      rowId: ['n'],
      fields: { allocationId: 'a', from: 'f', to: 't', chipHours: 'h' },
    });
    const nowhere = '00000000-0000-4000-8000-000000000000';
    const rows = [1, 2].map((n) => JSON.stringify({ n, a: nowhere, f: '2026-06-01', t: '2026-06-02', h: 5 }));
    const { code, err } = await run(await file('.ndjson', `${rows[0]}\n\n${rows[1]}\n`), mapping);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/:1: 404 unknown-allocation [^]*:3: 404 unknown-allocation/),
    ]);
  });

  it('accepts more rows than fit one call, and records a repeated row once', async () => {
    const rows = Array.from({ length: 1_500 }, (_, n) => `many-${n},Partner ${n},SE\n`);
    const csv = await file('.csv', `No,Name,Country\n${rows.join('')}many-7,Partner 7,SE\nmany-8,Somebody else,SE\n`);
    const { code, err, ids } = await run(csv, await mappingOf());
    expect([code, Object.keys(ids).length]).toEqual([1, 1_500]);
    expect(err).toContain(':1503: The row many-8 was sent before with other content.');
    expect(err).toContain('1501 of 1502 rows are recorded, 1 of them by an earlier run; 1 were refused');
  });

  it('requires a credential with the role of the command', async () => {
    const csv = await file('.csv', 'No,Name,Country\nauditor,Name,SE\n');
    const auditor = await programme.ledger.keyFor(['auditor']);
    const refused = await run(csv, await mappingOf(), '--key', auditor);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining(':2: 403 role-not-allowed')]);
    const unknown = await run(csv, await mappingOf(), '--key', 'nobody');
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('401 unauthenticated')]);
  });

  it('reports all faults of a mapping in one run', async () => {
    const mapping = await mappingOf({
      rowId: [],
      separator: ';',
      fields: {
        legalName: { column: 'Name', scale: 1_000 },
        registeredOn: { column: 'On', pattern: 'D.M.Y' },
        name: 'Name',
        legalForm: 3,
      },
    });
    const { code, err } = await run(await file('.csv', 'Name\nx\n'), mapping);
    expect(code).toBe(2);
    expect(err.split('\n').map((line) => line.replace(`${mapping}: `, ''))).toEqual([
      expect.stringContaining('The mapping has "separator", which means nothing here.'),
      expect.stringContaining('"rowId" must list the columns'),
      expect.stringContaining('"fields.legalName" has "scale", which means nothing here.'),
      expect.stringContaining('"fields.registeredOn": "pattern" must be one of "YYYY-MM-DD"'),
      expect.stringContaining('"fields.legalForm" must be the name of a column'),
      expect.stringContaining('"fields" lacks "country"'),
      expect.stringContaining('"fields" has "name", which is no field of partners: legalName, country'),
      '',
    ]);
  });

  it('reports a file with wrong columns, a missing file, an unknown extension, and bytes that are not UTF-8', async () => {
    const mapping = await mappingOf();
    for (const [path, message] of [
      [
        await file('.csv', 'No;Name;Country\n1;x;SE\n'),
        'has no column "No", "Name", "Country"; it has "No;Name;Country"',
      ],
      [await file('.csv', 'No,Name,Name,Country\n'), 'has two columns "Name"'],
      [join(folder, 'absent.csv'), 'There is no file'],
      [join(folder, 'sheet.xlsx'), 'is a spreadsheet. Save the sheet as "CSV UTF-8"'],
      [join(folder, 'sheet.pdf'), 'is neither .csv nor .ndjson'],
    ] as const) {
      const { code, err } = await run(path, mapping);
      expect([code, err]).toEqual([2, expect.stringContaining(message)]);
    }
    expect((await run('a.csv', mapping, 'b.csv')).code).toBe(64);
    expect((await run('a.csv', mapping, '--fast')).code).toBe(64);
    const latin = await file('.csv', '');
    await writeFile(latin, Buffer.from('No,Name,Country\n1,Universit\xe9,SE\n', 'latin1'));
    expect(await run(latin, mapping)).toMatchObject({ code: 1, err: expect.stringContaining('not UTF-8') });
  });
});
