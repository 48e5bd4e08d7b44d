import { openApplication } from './application.js';
import { readArguments } from './arguments.js';
import type { Streams } from './command.js';
import { EXIT_DONE, EXIT_UNCHECKED, EXIT_WRONG } from './exit-codes.js';
import { UsageError } from '../audit/audit-finding.js';
import { Progress } from '../client/progress.js';
import type { Comparison } from '../ledger/projector/comparisons.js';
import { EVENT_STORE, type EventStore } from '../ledger/event-store.js';
import type { Projection } from '../ledger/projector/projection.js';
import { Projector } from '../ledger/projector/projector.js';
import { RebuildFailure, Rebuilds } from '../ledger/projector/rebuild.js';
import { loadConfig } from '../platform/config.js';
import { isDatabaseAway } from '../platform/database/database.js';
import { createLog } from '../platform/logging.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';
import { StartupError, reasonOf } from '../platform/startup-error.js';
import { REBUILDABLE } from '../projections.js';

const NOT_COMPARED =
  'not compared: the rows that were served had stopped at an event, or a service of an older program did the work';
const WHAT_A_DIFFERENCE_MEANS = `Until now, reads were answered from rows that the history does not give. They have been replaced; the history itself was not
touched. Find out what changed them: a statement by hand, a fault of a disk, or one of the program. Answers that were read
before may have been wrong; reports are made from the history, and are not affected.
`;

/** `ppp-ledger rebuild NAME`, `ppp-ledger rebuild --all`. A running service may use the database meanwhile. */
export async function runRebuild(args: readonly string[], streams: Streams): Promise<number> {
  const projections = projectionsOf(args);
  const { app, close } = await openApplication(loadConfig(), createLog('warn'));
  const projector = app.get(Projector);
  const { pool } = app.get<Runtime>(RUNTIME);
  const stop = (): void => void projector.stop();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const rebuilds = await Rebuilds.begin({ pool, store: app.get<EventStore>(EVENT_STORE), projector });
    try {
      for (const projection of projections) await rebuilds.requireVersion(projection);
      await projector.start();
      return await rebuildEach(projections, rebuilds, streams);
    } finally {
      await projector.stop();
      rebuilds.end();
    }
  } catch (error) {
    if (error instanceof RebuildFailure || isDatabaseAway(error))
      throw new StartupError(reasonOf(error), { cause: error });
    throw error;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await close();
  }
}

/** @throws UsageError that lists the names of the projections */
function projectionsOf(args: readonly string[]): readonly Projection[] {
  const isAll = args.includes('--all');
  const { positionals } = readArguments(args, { all: { type: 'boolean' } }, isAll ? [] : ['a NAME, or --all']);
  if (isAll) return REBUILDABLE;
  const [name] = positionals;
  const projection = REBUILDABLE.find((known) => known.name === name);
  if (projection !== undefined) return [projection];
  throw new UsageError(`There is no projection "${name}"; there are ${REBUILDABLE.map((one) => one.name).join(', ')}.`);
}

async function rebuildEach(
  projections: readonly Projection[],
  rebuilds: Rebuilds,
  { out, err }: Streams,
): Promise<number> {
  const codes: number[] = [];
  for (const projection of projections) {
    err.write(`Rebuilding ${projection.name}.\n`);
    const comparison = await rebuilds.rebuild(projection, new Progress(err, { what: 'events', line: 'kept' }));
    out.write(`${resultOf(projection, comparison)}\n`);
    codes.push(comparison === undefined ? EXIT_UNCHECKED : comparison.isSame ? EXIT_DONE : EXIT_WRONG);
  }
  if (codes.includes(EXIT_WRONG)) {
    err.write(WHAT_A_DIFFERENCE_MEANS);
    return EXIT_WRONG;
  }
  return codes.includes(EXIT_UNCHECKED) ? EXIT_UNCHECKED : EXIT_DONE;
}

function resultOf({ name, tables }: Projection, comparison: Comparison | undefined): string {
  if (comparison === undefined) return `${name}: rebuilt, but ${NOT_COMPARED}.`;
  const { isSame, digests } = comparison;
  const rows = digests.reduce((sum, { builtRows }) => sum + builtRows, 0);
  if (isSame) return `${name}: the same ${rows} rows as before, compared in ${tables.join(', ')}.`;
  const wrong = digests.filter(({ served, built }) => served !== built);
  const each = wrong.map(
    ({ table, servedRows, builtRows }) => `${table} (${servedRows} rows served, ${builtRows} rebuilt)`,
  );
  return `${name}: OTHER ROWS were served in ${each.join(', ')}; the rebuilt ones are served now.`;
}
