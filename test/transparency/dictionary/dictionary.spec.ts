import { toCsv } from '../../../src/http/answer/csv.js';
import { FIELDS, columnsOf, dictionaryOf } from '../../../src/transparency/dictionary/dictionary.js';
import { tableMetadata } from '../../../src/transparency/dictionary/csvw.js';
import type { Field } from '../../../src/transparency/dictionary/field.js';
import { METHODS } from '../../../src/transparency/methods.js';
import { REPORT_KINDS, type ReportKind } from '../../../src/transparency/events/publication.js';
import type { CsvRow } from '../../../src/transparency/report-method.js';
import { tableOf } from '../../../src/transparency/report/report-table.js';
import { eventsOf, foldTo, readHistory, rootAt } from '../frozen-method.js';

/** The members and columns of the reports of the current method, over a history that has an event of every type. */
const members = new Map<ReportKind, Set<string>>();
const rows = new Map<ReportKind, readonly CsvRow[]>();
const values = new Map<string, Set<unknown>>();

beforeAll(async () => {
  const entries = await readHistory(METHODS.current.version);
  const { current } = METHODS;
  const events = eventsOf(entries);
  const state = foldTo(current, events, events.length);
  const root = rootAt(entries, state.position);
  const period = { periodFrom: '2026-04-01', periodTo: '2026-09-30', fromPosition: 100 };
  const begin = { state: foldTo(current, events, 100), period };
  for (const kind of REPORT_KINDS) {
    const found = new Set<string>();
    const report = JSON.parse(current.text(state, root, { kind }, begin)) as object;
    walk(kind, report, '', found);
    members.set(kind, found);
    rows.set(kind, tableOf(kind, current.rows(state, root, { kind }, begin)).data);
  }
});

/** Paths of all members. What is inside a policy or a list of reasons is data: it has no names of its own. */
function walk(kind: ReportKind, value: unknown, path: string, found: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) walk(kind, item, path, found);
  else if (typeof value === 'object' && value !== null && !/(^|\.)(value|reasons)$/.test(path)) {
    for (const [name, member] of Object.entries(value)) {
      const inside = path === '' ? name : `${path}.${name}`;
      found.add(inside);
      const key = `${kind} ${inside}`;
      values.set(key, (values.get(key) ?? new Set()).add(member));
      walk(kind, member, inside, found);
    }
  }
}

describe.each(REPORT_KINDS)('the dictionary of the report on %s', (kind) => {
  it('has an entry for every member of the JSON, and no entry too many', () => {
    const declared = FIELDS[kind].flatMap((field) => field.members);
    expect([...declared].sort()).toEqual([...new Set(declared)].sort());
    expect([...(members.get(kind) ?? [])].sort()).toEqual([...declared].sort());
  });

  it('has an entry for every column of the table, in its order', () => {
    const lines = rows.get(kind) ?? [];
    expect(lines.length).toBeGreaterThan(2);
    const columns = [...columnsOf(kind)].sort();
    for (const line of lines) expect(Object.keys(line).sort()).toEqual(columns);
    expect(toCsv(lines, 'comma', columnsOf(kind)).split('\n', 1)).toEqual([columnsOf(kind).join(',')]);
    expect(new Set(columnsOf(kind)).size).toBe(columnsOf(kind).length);
  });

  it('says of every value the right type', () => {
    for (const { type, role, unit, members: paths, column } of FIELDS[kind]) {
      const inJson = paths.flatMap((path) => [...(values.get(`${kind} ${path}`) ?? [])]);
      const inTable = column === undefined ? [] : (rows.get(kind) ?? []).map((row) => row[column]);
      for (const value of inJson)
        if (value !== null) expect([paths, column, fits(value, type)]).toEqual([paths, column, true]);
      if (type !== 'object') {
        for (const value of inTable) if (value !== null) expect([column, fits(value, type)]).toEqual([column, true]);
      }
      if (unit === 'share')
        for (const value of inTable) if (value !== null) expect(Number(value)).toBeLessThanOrEqual(1);
      expect([paths, role === 'measure' && unit === undefined]).toEqual([paths, false]);
    }
  });

  it('has a label for every code that occurs', () => {
    const lists = new Map(
      dictionaryOf(METHODS.current.version).codeLists.map(({ name, codes }) => [
        name,
        new Set(codes.map(({ code }) => code)),
      ]),
    );
    const coded = FIELDS[kind].filter(({ codes }) => codes !== undefined && codes !== 'reasons');
    expect(coded.length).toBeGreaterThan(0);
    for (const { codes, members: paths, column } of coded) {
      const found = [
        ...paths.flatMap((path) => [...(values.get(`${kind} ${path}`) ?? [])]),
        ...(column === undefined ? [] : (rows.get(kind) ?? []).map((row) => row[column])),
      ].filter((value) => value !== null && value !== undefined);
      const known = codes && lists.get(codes);
      expect([paths, column, found.filter((value) => !known?.has(String(value)))]).toEqual([paths, column, []]);
    }
  });

  it('describes the table for tools that read CSV on the Web', () => {
    const { tableSchema, url } = tableMetadata(kind);
    expect(url).toBe(`${kind}.csv`);
    expect(tableSchema.columns.map(({ name, titles }) => [name, titles.en[0]])).toEqual(
      columnsOf(kind).map((column) => [column, column]),
    );
  });
});

function fits(value: unknown, type: Field['type']): boolean {
  switch (type) {
    case 'integer':
      return Number.isSafeInteger(value);
    case 'number':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && !Array.isArray(value);
    case 'date-time':
      return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/.test(String(value));
    case 'date':
      return /^\d{4}-\d\d-\d\d(T.+Z)?$/.test(String(value));
    case 'month':
      return /^\d{4}-\d\d$/.test(String(value));
    case 'string':
      return typeof value === 'string';
    case 'any':
      return true;
  }
}

describe('the dictionary', () => {
  const dictionary = dictionaryOf(METHODS.current.version);
  const codes = [
    ...dictionary.codeLists.flatMap((list) => list.codes),
    ...dictionary.units,
    ...dictionary.aggregations,
  ];

  it('has every label in every language, as one line without spaces around it', () => {
    const labels = [...dictionary.reports.flatMap(({ fields }) => fields), ...codes].map(({ label }) => label);
    for (const label of labels) {
      expect(Object.keys(label)).toEqual(['en', 'fr', 'de']);
      for (const text of Object.values(label))
        expect([label.en, text]).toEqual([label.en, expect.stringMatching(/^\S(.*\S)?$/)]);
    }
    const fields = dictionary.reports.flatMap((report) => report.fields);
    for (const { label, description } of fields)
      expect([label.en, description]).toEqual([label.en, expect.stringMatching(/\.$/)]);
  });

  it('names countries and currencies, with the digits of their minor units', () => {
    const codeOf = (list: string, code: string) =>
      dictionary.codeLists.find(({ name }) => name === list)?.codes.find((one) => one.code === code);
    expect(codeOf('countries', 'DE')?.label).toEqual({ en: 'Germany', fr: 'Allemagne', de: 'Deutschland' });
    expect(codeOf('currencies', 'EUR')).toMatchObject({ label: { en: 'Euro' }, minorUnitDigits: 2 });
    expect(['JPY', 'ISK', 'KWD'].map((code) => codeOf('currencies', code)?.minorUnitDigits)).toEqual([0, 0, 3]);
    const unnamed = ['countries', 'currencies'].flatMap((list) =>
      (dictionary.codeLists.find(({ name }) => name === list)?.codes ?? []).filter(
        ({ code, label }) => label.en === code,
      ),
    );
    expect(unnamed.map(({ code }) => code)).toEqual([]);
  });
});
