import { readArguments } from './arguments.js';
import { readingProgress, withSource } from './audit-source-call.js';
import { verificationText } from './audit-text.js';
import type { Streams } from './command.js';
import { EXIT_DONE, EXIT_UNCHECKED, EXIT_WRONG } from './exit-codes.js';
import { visibleJson } from './visible-text.js';
import { AGGREGATES } from '../aggregates.js';
import { NotCheckable, ProvenWrong, UsageError } from '../audit/audit-finding.js';
import type { Trust } from '../audit/audit-log.js';
import { readTrust, TRUST_OPTIONS } from '../audit/audit-trust.js';
import { notOpened, type Verification } from '../audit/verification.js';
import { verify } from '../audit/verify.js';

const OPTIONS = { ...TRUST_OPTIONS, database: { type: 'boolean' }, json: { type: 'boolean' } } as const;

/** `ppp-ledger audit verify SOURCE`; with `--database`, for the operator of a ledger. */
export async function runVerify(args: readonly string[], streams: Streams): Promise<number> {
  const isOfDatabase = args.includes('--database');
  const { values, positionals } = readArguments(args, OPTIONS, isOfDatabase ? [] : ['one SOURCE']);
  if (isOfDatabase && values.policy !== undefined) throw new UsageError('"audit verify --database" takes no --policy.');
  const trust = await readTrust(values);
  const [name = ''] = positionals;
  const verification = isOfDatabase
    ? await (await import('./audit-verify-database.js')).verifyDatabase(trust, readingProgress(streams))
    : await verifySource(name, trust, streams);
  streams.out.write(values.json === true ? `${visibleJson(verification)}\n` : verificationText(verification));
  return exitOf(verification);
}

/** Verifies a source. A source that cannot be opened has a result of the same form. */
async function verifySource(name: string, trust: Trust, streams: Streams): Promise<Verification> {
  try {
    return await withSource(name, (source) =>
      verify(source, { trust, aggregates: AGGREGATES, progress: readingProgress(streams) }),
    );
  } catch (error) {
    if (error instanceof ProvenWrong || error instanceof NotCheckable) return notOpened(name, error);
    throw error;
  }
}

export function exitOf({ verdict }: Pick<Verification, 'verdict'>): number {
  switch (verdict) {
    case 'verified':
      return EXIT_DONE;
    case 'wrong':
      return EXIT_WRONG;
    case 'unchecked':
      return EXIT_UNCHECKED;
  }
}
