import { COMMANDS } from '../../src/cli/commands.js';
import { dispatch } from '../../src/cli/dispatch.js';

/** Result of a call of the command line. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Calls `ppp-ledger` in this process, with the settings of its environment. */
export async function ppp(...args: readonly string[]): Promise<Ran> {
  const written = { out: '', err: '' };
  const into = (stream: 'out' | 'err') => ({ write: (text: string) => void (written[stream] += text) });
  const code = await dispatch(COMMANDS, args, { out: into('out'), err: into('err') });
  return { code, ...written };
}
