#!/usr/bin/env node
import { parseArgs } from 'node:util';

const USAGE = `Usage: ppp-ledger <command>

  serve          serve the API until SIGTERM
  demo           serve with the demo programme loaded, and show its tables
  migrate        bring the database up to date
  copy           move a ledger between PostgreSQL and KurrentDB (copy --help)
  operator-key   make a new operator key and print it
  witness        cosign the checkpoints of logs until SIGTERM
                   --logs FILE   the logs: lines "log <verifier key>"
                   --name NAME   what it is called, at its first start
  keys show      print the verifier key of the log, for auditors to keep
  import         send the rows of a spreadsheet to a ledger (import --help)
  audit          verify, replay, explain, export or import a log; write the file of a year
                   (audit --help shows the commands, audit yearly --help those of the file)

Settings come from the environment: HOST, PORT, DATA_DIR, DATABASE_URL, OPERATOR_KEY and others; see the README.
`;

/** EX_USAGE of sysexits.h. */
const EXIT_USAGE = 64;

async function run(): Promise<number> {
  const [first, second, ...further] = process.argv.slice(2);
  if (first === 'audit' && second === 'yearly') {
    const { runYearly } = await import('./audit-yearly.js');
    return runYearly(further, { out: process.stdout, err: process.stderr });
  }
  if (first === 'audit' && second === 'import') return (await import('./serve.js')).runAuditImport(further);
  if (first === 'audit' && second === 'verify' && further.includes('--database'))
    return (await import('./serve.js')).runAuditVerifyDatabase(further);
  if (first === 'import') {
    const { runImport } = await import('./import.js');
    return runImport(process.argv.slice(3), { out: process.stdout, err: process.stderr });
  }
  if (first === 'audit') {
    const { runAudit } = await import('./audit.js');
    return runAudit(process.argv.slice(3), { out: process.stdout, err: process.stderr });
  }
  if (first === 'copy') {
    const { runCopy } = await import('./copy.js');
    return runCopy(process.argv.slice(3), { out: process.stdout, err: process.stderr });
  }
  const { positionals, values } = parse();
  const [command, ...rest] = positionals;
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command === 'keys' && rest.length === 1 && rest[0] === 'show')
    return (await import('./serve.js')).runKeysShow();
  if (command === undefined || rest.length > 0) return usage();
  const { help: _help, ...flags } = values;
  if (command !== 'witness' && Object.keys(flags).length > 0) return usage();
  // The commands pull in the whole application; a wrong name should not wait for that.
  const commands = await import('./serve.js');
  if (command === 'serve') return commands.runServe();
  if (command === 'demo') return commands.runDemo();
  if (command === 'migrate') return commands.runMigrate();
  if (command === 'operator-key') return commands.runOperatorKey();
  if (command === 'witness') return commands.runWitness(flags);
  return usage();
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        logs: { type: 'string' },
        name: { type: 'string' },
      },
    });
  } catch {
    return { positionals: [], values: {} };
  }
}

function usage(): number {
  process.stderr.write(USAGE);
  return EXIT_USAGE;
}

process.exitCode = await run();
