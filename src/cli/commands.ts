import type { CommandTable } from './command.js';
import { dispatch } from './dispatch.js';

/** Every command of the program. */
export const COMMANDS: CommandTable = {
  program: 'ppp-ledger',
  notes:
    'Settings come from the environment: HOST, PORT, DATA_DIR, DATABASE_URL, OPERATOR_KEY and others; see the README.\n' +
    'Exit codes of all commands: 64 usage, 74 the output or a file could not be written, 141 the reader of the output has gone.\n' +
    '--version prints the version.\n',
  commands: [
    {
      name: 'serve',
      help: { list: 'serve          serve the API until SIGTERM' },
      serves: true,
      run: async (args, streams) => (await import('./serve.js')).runServe(args, streams),
    },
    {
      name: 'demo',
      help: { list: 'demo           serve with the demo programme loaded, and show its tables' },
      serves: true,
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
      name: 'backup',
      help: {
        list: 'backup         write everything that the ledger keeps into one file (backup --help)',
        page: `Usage: ppp-ledger backup FILE [--with-keys] [--force]

  Writes events, answers, sealed contents, checkpoints with their cosignatures, and published reports, as of one moment. The
  service may be running. FILE appears whole or not at all; only its owner can read it. Its log part is the archive that
  "audit export" writes: every audit command reads it.

  FILE         a new file, or - for a pipe: ppp-ledger backup - | zstd > ledger.tar.zst
  --with-keys  the keys as well: whoever has the file can then read the sealed texts in it and sign in the name of the
               ledger. Without it, keep wrapping-key, log-signing-key and append-key of DATA_DIR in another place
  --force      replace FILE

Exit codes: 0 written, 1 the log is proven wrong, 2 the log could not be checked, 64 usage, 69 no backup was made.
`,
      },
      run: async (args, streams) => (await import('./backup.js')).runBackup(args, streams),
    },
    {
      name: 'restore',
      help: {
        list: 'restore        load a backup into the empty database of the settings, and verify it (restore --help)',
        page: `Usage: ppp-ledger restore FILE [--older]

  Loads a backup into a new database: an empty folder as DATA_DIR, or an empty database as DATABASE_URL. Checks the file first,
  loads it whole or not at all, builds the views, and ends with the checks of "audit verify --database". The keys are those in
  DATA_DIR; where there are none, those of a backup that was made with --with-keys.

  --older  also a backup that ends before the last checkpoint of this installation (last-checkpoint in DATA_DIR): the service
           then signs nothing, and erasures that were recorded after the backup have to be repeated

Exit codes: 0 restored and verified, 1 restored, and proven wrong, 2 restored, and could not be checked, 64 usage,
69 nothing was restored.
`,
      },
      run: async (args, streams) => (await import('./restore.js')).runRestore(args, streams),
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

  NAME    a projection: events, partners, capital, access, compute, access-pools, yearly-submissions, policies, publications, attestations, erasures, api-keys
  --all   every projection, one after the other

Exit codes: 0 the rows are the same, 1 other rows were served until now, and have been replaced, 2 rebuilt but not compared,
64 usage, 69 it could not be done: the rows that were served still are.
`,
      },
      run: async (args, streams) => (await import('./rebuild.js')).runRebuild(args, streams),
    },
    {
      name: 'accept',
      help: {
        list: 'accept         let the log sign events that the service did not record (accept --help)',
        page: `Usage: ppp-ledger accept POSITION

  The log signs only events that carry a check value of the service. This gives check values to all events that are not signed
  yet, as they stand, under the append-key in DATA_DIR. Look at these events first: whoever wrote them into the database, they
  will be part of the signed history for good. It also makes the append-key in DATA_DIR the one of the ledger: for a key that
  is lost. The service may be running. migrations/README.md says when this is right.

  POSITION  the last position of the ledger, so that nothing is accepted that was recorded after you looked

Exit codes: 0 accepted, 64 usage, 69 nothing was accepted.
`,
      },
      run: async (args, streams) => (await import('./accept.js')).runAccept(args, streams),
    },
    {
      name: 'operator-key',
      help: {
        list: `operator-key   make a new operator key and print it
                 --revoke-others   revoke every earlier operator key`,
      },
      run: async (args, streams) => (await import('./operator-key.js')).runOperatorKey(args, streams),
    },
    {
      name: 'witness',
      help: {
        list: `witness        cosign the checkpoints of logs until SIGTERM (witness --help)
                 --logs FILE   the logs: lines "log <verifier key>"
                 --name NAME   what it is called, at its first start`,
        page: `Usage: ppp-ledger witness --logs FILE [--name NAME]

  Cosigns the checkpoints of logs (C2SP tlog-witness) until SIGTERM. It signs only histories that continue the one it knows.

  --logs FILE  the logs: a line "log <verifier key>" for each
  --name NAME  what it is called, at its first start: a URL without scheme that names you, e.g. witness.example.eu

Settings come from the environment:
  PORT         where to listen (3001); 0 picks a free one
  HOST         address to listen on (127.0.0.1)
  DATA_DIR     folder of its private key and of what it has cosigned (./witness-data). Keep it out of every repository, and
               never run two witnesses with copies of one folder
  LOG_LEVEL    info

Exit codes: 0 stopped, 64 usage, 69 it could not start, 78 settings.
`,
      },
      serves: true,
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
