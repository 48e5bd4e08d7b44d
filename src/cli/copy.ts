import { parseArgs } from 'node:util';
import { moveOf } from './copy-ledger.js';
import { reasonOf } from '../platform/startup-error.js';

const COPY_USAGE = `Usage: ppp-ledger copy --from URL --to URL

  Moves a ledger between PostgreSQL and KurrentDB: writes its history in order, reads it back, compares number and root.
  One of the two is postgres://..., the other one kurrentdb://...

Exit codes: 0 it has moved, 64 usage, 69 it could not be done (started again, it goes on where it was).
`;

/** EX_USAGE of sysexits.h. */
const EXIT_USAGE = 64;

/** Where the command writes to: data and messages apart. */
export interface Streams {
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
}

/** `ppp-ledger copy`. Resolves with the exit code. */
export async function runCopy(args: readonly string[], { out, err }: Streams): Promise<number> {
  const options = parse(args);
  if (options === 'help') {
    out.write(COPY_USAGE);
    return 0;
  }
  if (typeof options === 'string') {
    err.write(`ppp-ledger: ${options}\n\n${COPY_USAGE}`);
    return EXIT_USAGE;
  }
  const { runCopy: copy } = await import('./serve.js');
  return copy(options.from, options.to);
}

/** A text says what is wrong with the call. */
function parse(args: readonly string[]): { readonly from: string; readonly to: string } | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { from: { type: 'string' }, to: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    const { from, to, help } = values;
    if (help === true) return 'help';
    if (from === undefined) return 'Say where the ledger is: --from URL.';
    if (to === undefined) return 'Say where it goes: --to URL.';
    moveOf(from, to);
    return { from, to };
  } catch (error) {
    return reasonOf(error);
  }
}
