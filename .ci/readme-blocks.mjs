import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The pages whose commands are run. When a command moves to another page, add that page here. */
export const PAGES = [
  'README.md',
  'migrations/README.md',
  'src/audit/README.md',
  'src/import/examples/README.md',
  'test/bench/README.md',
];
const BLOCK = /^```sh\n(.*?)^```$/gms;

/** The blocks of commands of a page, in their order. */
export async function blocksOf(folder, page = 'README.md') {
  const text = await readFile(join(folder, page), 'utf8');
  return [...text.matchAll(BLOCK)].map(([, block]) => block);
}

/** The first line, without its `#`: the name of the block in the output of a check. */
export const titleOf = (block) => block.split('\n', 1)[0].replace(/^# /, '');
