import { readdir } from 'node:fs/promises';

/** The same path from `src/audit/database/backup` and from `dist/audit/database/backup`. */
const MIGRATIONS_FOLDER = new URL('../../../../migrations/', import.meta.url);

/** File name of the last migration of this program. Its number orders the versions of the schema. */
export async function newestMigration(): Promise<string> {
  const files = (await readdir(MIGRATIONS_FOLDER)).filter((name) => /^\d{4}_.*\.sql$/.test(name)).sort();
  return files.at(-1) ?? '';
}
