import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, type Checked } from '../../src/import/import-run.js';
import { readMapping } from '../../src/import/mapping.js';
import { commandOf } from '../../src/import/row-command.js';
import { rowsOf } from '../../src/import/rows.js';

/** What an import makes of a file before it sends anything. */
export interface CheckedFile extends Checked {
  /** Each fault as `line: detail`. */
  readonly faults: readonly string[];
  /** Bodies of the commands, in the order of the rows. */
  readonly bodies: readonly object[];
}

/** Checks a file of the disk against a mapping. */
export async function checkedFile(path: string, mapping: object): Promise<CheckedFile> {
  const known = await readMapping(JSON.stringify(mapping));
  const faults: string[] = [];
  const checked = await check(path, known, { fault: (line, detail) => void faults.push(`${line}: ${detail}`) });
  const bodies: object[] = [];
  for await (const row of rowsOf(path, known)) {
    const { command } = row.isEmpty === true ? {} : await commandOf(known, row);
    if (command) bodies.push(command.body);
  }
  return { ...checked, faults, bodies };
}

/** Checks a file with the given content. */
export async function checkedContent(
  extension: string,
  content: string | Uint8Array,
  mapping: object,
): Promise<CheckedFile> {
  const folder = mkdtempSync(join(tmpdir(), 'ppp-ledger-import-'));
  const path = join(folder, `file${extension}`);
  writeFileSync(path, content);
  try {
    return await checkedFile(path, mapping);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const ID = '1c7f5d2a-8e06-4f3b-b1d9-7a4c0e92f658';

/** A mapping to commitments; the amount and the currency come from the test. */
export const commitments = (fields: object): object => ({
  name: 'spec',
  target: 'commitments',
  rowId: ['No.'],
  fields: {
    fundId: { constant: ID },
    trancheId: { constant: ID },
    partnerId: { constant: ID },
    kind: { constant: 'capex' },
    currency: { constant: 'EUR' },
    ...fields,
  },
});

/** A mapping to partners: a name, and a date if the test gives one. */
export const partners = (fields: object = {}): object => ({
  name: 'spec',
  target: 'partners',
  rowId: ['No.'],
  fields: { legalName: 'Company', country: { constant: 'SE' }, legalForm: { constant: 'company' }, ...fields },
});

/** A mapping to allocations; the columns of chips and instants come from the test. */
export const allocations = (fields: object): object => ({
  name: 'spec',
  target: 'allocations',
  rowId: ['No.'],
  fields: {
    facilityId: { constant: ID },
    grantId: { constant: ID },
    chipModel: { constant: 'GB300' },
    from: { constant: '2026-06-01T00:00:00Z' },
    to: { constant: '2026-07-01T00:00:00Z' },
    ...fields,
  },
});
