import type { CommandTable } from './command.js';
import { dispatch } from './dispatch.js';

/** Every command of the program. */
export const COMMANDS: CommandTable = {
  program: 'ppp-ledger',
  notes:
    'Settings come from the environment: HOST, PORT, DATA_DIR, DATABASE_URL, OPERATOR_KEY and others; see the README.\n',
  commands: [
    {
      name: 'serve',
      help: { list: 'serve          serve the API until SIGTERM' },
      run: async (args, streams) => (await import('./serve.js')).runServe(args, streams),
    },
    {
      name: 'demo',
      help: { list: 'demo           serve with the demo programme loaded, and show its tables' },
      run: async (args, streams) => (await import('./demo.js')).runDemo(args, streams),
    },
    {
      name: 'migrate',
      help: { list: 'migrate        bring the database up to date' },
      run: async (args) => (await import('./migrate.js')).runMigrate(args),
    },
    {
      name: 'copy',
      help: {
        list: 'copy           move a ledger between PostgreSQL and KurrentDB (copy --help)',
        page: `Usage: ppp-ledger copy --from URL --to URL

  Moves a ledger between PostgreSQL and KurrentDB: writes its history in order, reads it back, compares number and root.
  One of the two is postgres://..., the other one kurrentdb://...

Exit codes: 0 it has moved, 64 usage, 69 it could not be done (started again, it goes on where it was).
`,
      },
      run: async (args, streams) => (await import('./copy.js')).runCopy(args, streams),
    },
    {
      name: 'rebuild',
      help: {
        list: 'rebuild        rebuild the rows that reads are answered from, and compare them (rebuild --help)',
        page: `Usage: ppp-ledger rebuild NAME
       ppp-ledger rebuild --all

  Rebuilds the rows of a projection from the history, beside the rows that are served, compares both, and then serves the
  rebuilt ones. The service may be running: reads and commands go on meanwhile. Without a service, the command does the
  work itself. When it is interrupted, call it again; a running service finishes the rebuild in any case.

  NAME    a projection: events, partners, capital, access, compute, policies, publications, erasures
  --all   every projection, one after the other

Exit codes: 0 the rows are the same, 1 other rows were served until now, and have been replaced, 2 rebuilt but not compared,
64 usage, 69 it could not be done: the rows that were served still are.
`,
      },
      run: async (args, streams) => (await import('./rebuild.js')).runRebuild(args, streams),
    },
    {
      name: 'operator-key',
      help: { list: 'operator-key   make a new operator key and print it' },
      run: async (args, streams) => (await import('./operator-key.js')).runOperatorKey(args, streams),
    },
    {
      name: 'witness',
      help: {
        list: `witness        cosign the checkpoints of logs until SIGTERM
                 --logs FILE   the logs: lines "log <verifier key>"
                 --name NAME   what it is called, at its first start`,
      },
      run: async (args, streams) => (await import('./witness.js')).runWitness(args, streams),
    },
    {
      name: 'keys',
      help: { list: 'keys show      print the verifier key of the log, for auditors to keep' },
      isGroup: true,
      run: (args, streams) => dispatch(KEYS, args, streams),
    },
    {
      name: 'import',
      help: {
        list: 'import         send the rows of a spreadsheet to a ledger (import --help)',
        page: `Usage: ppp-ledger import FILE --mapping MAPPING [--key KEY | --key-file FILE] [--url URL] [--dry-run]

  Sends the rows of a spreadsheet (.csv, or .ndjson with an object a line) to the ledger: partners, commitments,
  allocations or usage. A run can be repeated: a row that is in the ledger is not recorded again.

  --mapping MAPPING  JSON document that says which column is which field; examples are in src/import/examples
  --key KEY          credential whose roles allow the commands; --key-file reads it from a file
  --url URL          address of the ledger (http://127.0.0.1:3000)
  --dry-run          check every row, send nothing
  --skip-wrong       send the rows that are right when others are wrong; otherwise nothing is sent then

What is recorded is on stdout, as CSV (line, row, id, position); messages and progress are on stderr.
Exit codes: 0 all rows are recorded (dry run: right), 1 rows are wrong or were refused, 2 it could not be done, 64 usage.
`,
      },
      run: async (args, streams) => (await import('./import.js')).runImport(args, streams),
    },
    {
      name: 'audit',
      help: {
        list: `audit          verify, replay, explain, export or import a log; check a receipt; write the file of a year
                 (audit --help shows the commands, audit yearly --help those of the file)`,
      },
      isGroup: true,
      run: async (args, streams) => dispatch((await import('./audit-commands.js')).AUDIT_COMMANDS, args, streams),
    },
  ],
};

const KEYS: CommandTable = {
  program: 'ppp-ledger keys',
  notes: COMMANDS.notes,
  commands: [
    {
      name: 'show',
      help: { list: 'show   print the verifier key of the log, for auditors to keep' },
      run: async (args, streams) => (await import('./keys-show.js')).runKeysShow(args, streams),
    },
  ],
};
