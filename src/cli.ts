#!/usr/bin/env node
import { parseArgs } from 'node:util';

const USAGE = `Usage: ppp-ledger <command>

  serve          serve the API until SIGTERM
  demo           serve with the demo programme loaded, and show its tables
  migrate        bring the database up to date
  operator-key   make a new operator key and print it
  witness        cosign the checkpoints of logs until SIGTERM
                   --logs FILE   the logs: lines "log <verifier key>"
                   --name NAME   what it is called, at its first start
  audit yearly   write the use of access time in a year, with the events behind every figure
                   (audit yearly --help shows its options)

Settings come from the environment: HOST, PORT, DATA_DIR, DATABASE_URL, OPERATOR_KEY and others; see the README.
`;

/** EX_USAGE of sysexits.h. */
const EXIT_USAGE = 64;

async function run(): Promise<number> {
  const [first, second, ...further] = process.argv.slice(2);
  if (first === 'audit' && second === 'yearly') {
    const { runYearly } = await import('./cli-yearly.js');
    return runYearly(further, { out: process.stdout, err: process.stderr });
  }
  const { positionals, values } = parse();
  const [command, ...rest] = positionals;
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command === undefined || rest.length > 0) return usage();
  const { help: _help, ...flags } = values;
  if (command !== 'witness' && Object.keys(flags).length > 0) return usage();
  // The commands pull in the whole application; a wrong name should not wait for that.
  const commands = await import('./cli-commands.js');
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
      options: { help: { type: 'boolean', short: 'h' }, logs: { type: 'string' }, name: { type: 'string' } },
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
