import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The pages whose commands are run. A command that moves to another page needs that page here. */
export const PAGES = [
  'README.md',
  'migrations/README.md',
  'src/audit/README.md',
  'src/import/examples/README.md',
  'test/bench/README.md',
];
const BLOCK = /^```sh\n(.*?)^```$/gms;

/** The blocks of commands of a page below the folder, in their order. */
export async function blocksOf(folder, page = 'README.md') {
  const text = await readFile(join(folder, page), 'utf8');
  return [...text.matchAll(BLOCK)].map(([, block]) => block);
}

/** The first line, without its `#`: a name for the block in what a check prints. */
export const titleOf = (block) => block.split('\n', 1)[0].replace(/^# /, '');
