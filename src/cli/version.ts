import { readFile } from 'node:fs/promises';

/** The version in `package.json`. The file is two folders above this one, in the sources and in the built package. */
export async function programVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
