import { allocations, checkedContent, checkedFile, commitments, partners } from './checked-file.js';

const FIXTURES = 'test/import/fixtures';
const german = { decimalMark: ',', thousandsSeparator: '.' };

/** The first `count` characters of each fault: its line, its column, and the beginning of its sentence. */
const beginnings = (faults: readonly string[], count = 60): readonly string[] =>
  faults.map((fault) => fault.slice(0, count));

describe('a sheet that LibreOffice saved as CSV', () => {
  it('is read with the notation of its mapping, and a row of nothing but formats is skipped', async () => {
    const mapping = { ...partners({ registeredOn: { column: 'Date', pattern: 'DD.MM.YYYY' } }), delimiter: ';' };
    const { rows, wrong, empty, faults, bodies } = await checkedFile(`${FIXTURES}/as-shown.csv`, mapping);
    // The first name has a line break in its cell, which no name may have.
    expect([rows, wrong, empty, beginnings(faults)]).toEqual([
      3,
      1,
      1,
      [expect.stringMatching(/^2: column "Company": legalName must be a text of/)],
    ]);
    expect(bodies).toMatchObject([
      { legalName: 'Nordlys', registeredOn: '2026-06-05' },
      { legalName: 'Ventspils', registeredOn: '2026-06-06' },
    ]);
  });

  it('has its amounts and chips in German and French notation', async () => {
    const amounts = { ...commitments({ amountMinor: { column: 'Amount', ...german } }), delimiter: ';' };
    expect((await checkedFile(`${FIXTURES}/as-shown.csv`, amounts)).bodies).toMatchObject([
      { amountMinor: '125050' },
      { amountMinor: '1200000' },
      { amountMinor: '75' },
    ]);
    const french = { column: 'Montant', decimalMark: ',', thousandsSeparator: ' ' };
    expect(
      (await checkedFile(`${FIXTURES}/as-shown.csv`, { ...commitments({ amountMinor: french }), delimiter: ';' }))
        .bodies,
    ).toMatchObject([{ amountMinor: '123456789' }, { amountMinor: '500' }, { amountMinor: '125000' }]);
    const chips = { ...allocations({ chips: { column: 'Chips', thousandsSeparator: '.' } }), delimiter: ';' };
    expect((await checkedFile(`${FIXTURES}/as-shown.csv`, chips)).bodies).toMatchObject([
      { chips: 1_000 },
      { chips: 64 },
      { chips: 128_000 },
    ]);
  });

  it('is refused in all its rows of thousands without the notation, and the column is in doubt', async () => {
    const chips = { ...allocations({ chips: 'Chips' }), delimiter: ';' };
    const { faults, doubtfulColumns } = await checkedFile(`${FIXTURES}/as-shown.csv`, chips);
    expect([faults, doubtfulColumns]).toEqual([
      [
        expect.stringMatching(/^2: column "Chips": "1\.000" is not written as its column .*"thousandsSeparator"/),
        expect.stringMatching(/^6: column "Chips": "128\.000" is not written as its column/),
      ],
      ['Chips'],
    ]);
  });

  it('is refused at each error, formula and serial number, with its line and column', async () => {
    const errors = { ...partners({ source: 'Formula' }), delimiter: ';' };
    const { faults } = await checkedFile(`${FIXTURES}/values.csv`, errors);
    expect(faults.filter((fault) => fault.includes('Formula'))).toEqual([
      expect.stringMatching(/^2: column "Formula": "#DIV\/0!" is an error of the spreadsheet\. Mend/),
      expect.stringMatching(/^4: column "Formula": "#N\/A" is an error/),
      expect.stringMatching(/^6: column "Formula": "#NAME\?" is an error/),
    ]);
    const formulas = await checkedFile(`${FIXTURES}/formulas.csv`, errors);
    expect(formulas.faults).toContainEqual(expect.stringMatching(/^2: column "Formula": "=1\/0" is a formula\. Save/));
    const serials = { ...partners({ registeredOn: 'Serial' }), delimiter: ';' };
    expect((await checkedFile(`${FIXTURES}/values.csv`, serials)).faults).toContainEqual(
      expect.stringMatching(/^4: column "Serial": "46155\.5" is the serial number of a date/),
    );
  });

  it('is read as UTF-16 with tabs, and refused as ISO 8859-1', async () => {
    const mapping = { ...commitments({ amountMinor: { column: 'Amount', ...german } }), delimiter: '\t' };
    expect((await checkedFile(`${FIXTURES}/utf-16.csv`, mapping)).bodies).toHaveLength(3);
    const latin = { ...mapping, delimiter: ';' };
    expect((await checkedFile(`${FIXTURES}/latin-1.csv`, latin)).faults).toEqual([
      expect.stringMatching(/^2: column "Company" holds bytes that are not UTF-8\. Save the file as "CSV UTF-8"/),
      expect.stringMatching(/^6: column "Montant" holds bytes that are not UTF-8/),
    ]);
  });

  it.each(['sheet.ods', 'sheet.xlsx', 'sheet.xls', 'sheet.fods'])(
    'is refused when it was not saved as CSV: %s',
    async (name) => {
      await expect(checkedFile(`${FIXTURES}/${name}`, partners())).rejects.toThrow('Save the sheet as "CSV UTF-8"');
    },
  );
});

describe('a file of rows', () => {
  it.each([
    ['PK\u0003\u0004', 'ZIP archive'],
    ['\u00d0\u00cf\u0011\u00e0', 'an old Excel'],
    ['\u001f\u008b\u0008', 'is compressed'],
    ['%PDF-1.7', 'a PDF document'],
    ['N\u0000o\u0000', 'holds zero bytes'],
  ])('is refused if it is another file with the name of a CSV file: %j', async (start, message) => {
    const refused = expect.objectContaining({ message: expect.stringContaining(message) });
    await expect(checkedContent('.csv', Buffer.from(start, 'latin1'), partners())).rejects.toEqual(refused);
    await expect(checkedContent('.ndjson', Buffer.from(start, 'latin1'), partners())).rejects.toEqual(refused);
  });

  it.each(['', '\ufeff', '\n\n', ';;\n;;\n'])(
    'is refused without a first line that names the columns: %j',
    async (text) => {
      await expect(checkedContent('.csv', text, { ...partners(), delimiter: ';' })).rejects.toThrow(
        'Its first line must name the columns',
      );
    },
  );

  it('may have no rows below its first line', async () => {
    expect(await checkedContent('.csv', 'No.,Company\n', partners())).toMatchObject({ rows: 0, wrong: 0, empty: 0 });
  });

  it.each(['', '\ufeff', '\n\n'])('is refused without an object: %j', async (text) => {
    await expect(checkedContent('.ndjson', text, partners())).rejects.toThrow('Each line must be a JSON object');
  });

  it('may name its delimiter in a first line, as Excel writes it, in any case', async () => {
    for (const text of ['sep=;\r\nNo.;Company\r\n1;A\r\n2;\r\n', '\ufeffSEP=;\nNo.;Company\n1;A\n2;\n']) {
      const { bodies, faults } = await checkedContent('.csv', text, partners());
      expect([bodies, beginnings(faults, 20)]).toEqual([
        [expect.objectContaining({ legalName: 'A' })],
        ['4: column "Company":'],
      ]);
    }
    await expect(checkedContent('.csv', 'sep=;\nNo.;Company\n', { ...partners(), delimiter: ',' })).rejects.toThrow(
      'says "sep=;" in its first line, and the mapping says "delimiter": ","',
    );
  });

  it.each(['utf-16le', 'utf-16be'])(
    'may be in %s with a byte order mark, as Excel writes "Unicode text"',
    async (encoding) => {
      const bytes = Buffer.from('\ufeffNo.\tCompany\r\n1\tUniversit\u00e9\r\n', 'utf16le');
      const content = encoding === 'utf-16le' ? bytes : bytes.swap16();
      const { bodies } = await checkedContent('.txt', content, { ...partners(), delimiter: '\t' });
      expect(bodies).toMatchObject([{ legalName: 'Universit\u00e9' }]);
    },
  );

  it('may have empty columns at its end and rows of delimiters, and is refused with content beyond its columns', async () => {
    const text = 'No.;Company;;\n1;A;;\n2;B\n;;;\n;;;;;;\n \t;;;\n3;C;;;;\n4;D;;x;\n5;E;;;y\n6\n';
    const { rows, empty, bodies, faults } = await checkedContent('.csv', text, { ...partners(), delimiter: ';' });
    expect([rows, empty, bodies.length]).toEqual([6, 3, 4]);
    expect(faults).toEqual([
      expect.stringMatching(/^9: The row has 5 cells, not as many cells as the first line \(4\)\. Look for/),
      expect.stringMatching(/^10: The row has 1 cells, not as many cells/),
    ]);
  });

  it('is refused at a quote that is never closed, and at one inside a cell, once and at its line', async () => {
    const open = 'No.;Company\n1;A\n2;"B\n3;C\n4;D\n';
    expect(await checkedContent('.csv', open, { ...partners(), delimiter: ';' })).toMatchObject({
      rows: 2,
      wrong: 1,
      faults: [expect.stringMatching(/^3: column "Company": The quote at the beginning of the cell is never closed/)],
    });
    const stray = 'No.;Company\n1;A\n2;5" disks and 3" disks\n3;C\n';
    expect(await checkedContent('.csv', stray, { ...partners(), delimiter: ';' })).toMatchObject({
      rows: 3,
      wrong: 1,
      faults: [expect.stringMatching(/^3: column "Company": A quote stands inside a cell/)],
    });
    await expect(checkedContent('.csv', '"No.;Comp\n1;A\n', partners())).rejects.toThrow(
      /:1: The quote at the beginning/,
    );
  });

  it('may end its lines with one carriage return', async () => {
    const { bodies, faults } = await checkedContent('.csv', 'No.,Company\r1,A\r2,\r', partners());
    expect([bodies.length, beginnings(faults, 20)]).toEqual([1, ['3: column "Company":']]);
    const lines = ['{"No.":1,"Company":"A"}', '', '{"No.":2}'];
    for (const end of ['\r', '\r\n', '\n']) {
      const read = await checkedContent('.ndjson', lines.join(end), partners());
      expect([read.bodies.length, beginnings(read.faults, 20)]).toEqual([1, ['3: column "Company":']]);
    }
  });

  it('has one form of a name, whether the sheet composes its letters or not', async () => {
    const text = 'No.,Company\n1,Universite\u0301\n2,Universit\u00e9';
    const { bodies } = await checkedContent('.csv', text, partners());
    expect(bodies).toMatchObject([{ legalName: 'Universit\u00e9' }, { legalName: 'Universit\u00e9' }]);
  });

  it('is refused with two columns of one name, also if one is composed and one is not', async () => {
    const mapping = partners({ source: 'Universit\u00e9' });
    await expect(checkedContent('.csv', 'No.,Company,Universite\u0301,Universit\u00e9\n', mapping)).rejects.toThrow(
      'has two columns "Universit\u00e9"',
    );
    const { bodies } = await checkedContent('.csv', 'No.,Company,Universite\u0301\n1,A,B\n', mapping);
    expect(bodies).toMatchObject([{ source: 'B' }]);
  });

  it('is refused at each row with ill-formed UTF-8, also in its header and in NDJSON', async () => {
    const bytes = (text: string) => Buffer.from(text, 'latin1');
    const rows = await checkedContent('.csv', bytes('No.,Company\n1,A\n2,Caf\xe9\n3,C\n4,D\xc3'), partners());
    expect([rows.rows, rows.faults]).toEqual([
      4,
      [
        expect.stringMatching(/^3: column "Company" holds bytes that are not UTF-8/),
        expect.stringMatching(/^5: column "Company" holds bytes that are not UTF-8/),
      ],
    ]);
    await expect(checkedContent('.csv', bytes('No.,Soci\xe9t\xe9\n'), partners())).rejects.toThrow(
      ':1: the name of a column holds bytes that are not UTF-8',
    );
    const json = await checkedContent(
      '.ndjson',
      bytes('{"No.":"1","Company":"Caf\xe9"}\n{"No.":"2","Company":"\\ud83d"}\n{"No.":"3","C\xe9":"x"}'),
      partners(),
    );
    expect(json.faults).toEqual([1, 2, 3].map((line) => expect.stringMatching(new RegExp(`^${line}: .*not UTF-8`))));
  });

  it.each([
    '#REF!',
    '#N/A',
    '#DIV/0!',
    '#NAME?',
    '#SPILL!',
    '#BEZUG!',
    '#NV',
    '#\u00dcBERLAUF!',
    'Err:502',
    '########',
    '=A1',
  ])('is refused at a cell with %s in any column that the mapping reads', async (cell) => {
    const text = `No.,Company,Other\n1,${cell},x\n${cell},B,x\n3,C,${cell}\n`;
    const { faults, bodies } = await checkedContent('.csv', text, partners());
    expect(faults).toEqual([
      expect.stringContaining(`2: column "Company": "${cell}" `),
      expect.stringContaining(`3: column "No.": "${cell}" `),
    ]);
    expect(bodies).toMatchObject([{ legalName: 'C' }]);
  });

  it.each(['#1', 'C#', '#hashtag', 'Err', 'A=B'])('may have a cell with %s', async (cell) => {
    expect((await checkedContent('.csv', `No.,Company\n1,${cell}\n`, partners())).bodies).toMatchObject([
      { legalName: cell },
    ]);
  });
});

describe('a file of NDJSON', () => {
  const line = (member: string) => `{"No.":"1",${member}}`;
  const amounts = commitments({ amountMinor: 'amount' });

  it.each([
    ['"amount":9007199254740993', '900719925474099300'],
    ['"amount":90071992547409.93', '9007199254740993'],
    ['"amount":"90071992547409.93"', '9007199254740993'],
    ['"amount":0.1', '10'],
    ['"amount" : 5 ', '500'],
  ])('has its amounts as they are written: %s', async (member, amountMinor) => {
    expect((await checkedContent('.ndjson', line(member), amounts)).bodies).toMatchObject([{ amountMinor }]);
  });

  it('has its numbers in the notation of JSON, and its texts in that of the mapping', async () => {
    const mapping = commitments({ amountMinor: { column: 'amount', ...german, scale: 1_000_000 } });
    const text = `${line('"amount":1.250')}\n${line('"amount":"1.250"')}`;
    expect((await checkedContent('.ndjson', text, mapping)).bodies).toMatchObject([
      { amountMinor: '125000000' },
      { amountMinor: '125000000000' },
    ]);
  });

  it.each([
    ['"amount":1e3', '"1e3" is a number with an exponent'],
    ['"amount":9007199254740993.123', 'has 3 digits after the decimal mark'],
    ['"amount":5,"amount":6', 'The line has "amount" twice'],
    ['"amount":5,"\\u0061mount":6', 'The line has "amount" twice'],
    ['"Universit\u00e9":5,"Universite\u0301":6', 'The line has "Universit\u00e9" twice'],
    ['"amount":{"eur":5}', '"amount" holds an object or a list'],
    ['"amount":[5]', '"amount" holds an object or a list'],
    ['"amount":05', 'The line is not JSON'],
  ])('is refused with its line: %s', async (member, message) => {
    const { faults } = await checkedContent('.ndjson', `\ufeff${line('"amount":1')}\n${line(member)}`, amounts);
    expect(faults).toEqual([expect.stringContaining(`2: `)]);
    expect(faults[0]).toContain(message);
  });

  it('may have a byte order mark, and a cell may be true, false or null', async () => {
    const mapping = partners({ illustrative: 'demo' });
    const text = '\ufeff{"No.":1,"Company":"A","demo":true}\n{"No.":2,"Company":"B","demo":null}\n[1]\n';
    const { bodies, faults } = await checkedContent('.ndjson', text, mapping);
    expect(bodies).toMatchObject([{ legalName: 'A', illustrative: true }, { legalName: 'B' }]);
    expect(faults).toEqual(['3: The line is not a JSON object.']);
  });

  it('is refused with a name of which a part cannot be seen', async () => {
    const text = '{"No.":1,"Company":"A\u200bB"}\n{"No.":2,"Company":"AB"}\n{"No.":3,"Company":"A\udb40\udc41B"}\n';
    const { bodies, faults } = await checkedContent('.ndjson', text, partners({}));
    expect(bodies).toMatchObject([{ legalName: 'AB' }]);
    expect(faults).toEqual([expect.stringMatching(/^1: .*invisible/), expect.stringMatching(/^3: .*invisible/)]);
  });
});

describe('the currency of a row', () => {
  const mapping = commitments({ amountMinor: 'amount', currency: 'currency' });

  it('gives the decimals of its amount', async () => {
    const text =
      'No.,amount,currency\n1,1000000,JPY\n2,1234.500,KWD\n3,12.34,EUR\n4,12.3456,CLF\n5,12.5,JPY\n6,12.345,EUR\n7,1,XXX\n8,1,\n';
    const { bodies, faults } = await checkedContent('.csv', text, mapping);
    expect(bodies).toMatchObject([
      { amountMinor: '1000000', currency: 'JPY' },
      { amountMinor: '1234500', currency: 'KWD' },
      { amountMinor: '1234', currency: 'EUR' },
      { amountMinor: '123456', currency: 'CLF' },
    ]);
    expect(beginnings(faults, 22)).toEqual(
      [
        '6: column "amount": "12',
        '7: column "amount": "12',
        '8: column "amount": The',
        '8: column "currency": c',
        '9: column "amount": The',
        '9: column "currency": c',
      ].map((text) => expect.stringContaining(text.slice(0, 20))),
    );
  });

  it('is compared with the decimals of the mapping', async () => {
    const columns = commitments({ amountMinor: { column: 'amount', decimals: 2 }, currency: 'currency' });
    const { bodies, faults } = await checkedContent('.csv', 'No.,amount,currency\n1,5,EUR\n2,5,KWD\n', columns);
    expect([bodies.length, faults]).toEqual([
      1,
      [expect.stringContaining('3: column "amount": "decimals" of the mapping is 2, but KWD has 3')],
    ]);
    const constant = commitments({ amountMinor: { column: 'amount', decimals: 2 }, currency: { constant: 'JPY' } });
    await expect(checkedContent('.csv', 'No.,amount\n', constant)).rejects.toThrow(
      '"fields.amountMinor": "decimals" of the mapping is 2, but JPY has 0 decimals (ISO 4217). Leave "decimals" out.',
    );
  });
});

describe('a mapping', () => {
  it.each([
    [allocations({ chips: { column: 'Chips', scale: 1_000 } }), '"fields.chips" has "scale", which means nothing here'],
    [allocations({ chips: { column: 'Chips', decimals: 0 } }), '"fields.chips" has "decimals"'],
    [partners({ registeredOn: { column: 'Date', decimalMark: ',' } }), '"fields.registeredOn" has "decimalMark"'],
    [partners({ source: { column: 'Date', pattern: 'D.M.YYYY' } }), '"fields.source" has "pattern"'],
    [commitments({ amountMinor: { column: 'a', thousandsSeparator: '.' } }), 'must differ'],
    [allocations({ chips: { column: 'a', decimalMark: ',', thousandsSeparator: ',' } }), 'must differ'],
  ])('says nothing of a column that its kind does not have: %#', async (mapping, message) => {
    await expect(checkedContent('.csv', 'x\n', mapping)).rejects.toThrow(message);
  });

  it('may have a byte order mark, and is refused with a repeated name', async () => {
    const { readMapping } = await import('../../src/import/mapping.js');
    expect((await readMapping(`\ufeff${JSON.stringify(partners())}`)).name).toBe('spec');
    await expect(readMapping('{"name":"a","fields":{"lei":"A","lei":"B"}}')).rejects.toThrow('"lei" twice');
  });
});
