import type { CommandTable } from './command.js';
import { REPORT_KINDS } from '../transparency/events/publication.js';

/** `ppp-ledger audit`. */
export const AUDIT_COMMANDS: CommandTable = {
  program: 'ppp-ledger audit',
  notes: `SOURCE is the address of a service or a log, a folder with the same layout, or an exported file.

  --vkey FILE|KEY     your own copy of the log's verifier key; without it the log's own is believed
  --checkpoint FILE   a checkpoint that you kept: the history must have grown from it
  --policy FILE       whose cosignatures you insist on (C2SP tlog-policy)
  --json              the result as JSON (verify, replay, explain, receipt)

Exit codes: 0 verified, 1 proven wrong: what the log signed and what it shows contradict each other, 2 could not be checked: cut off,
damaged, not signed, or not there, 64 usage, 74 the output or a file could not be written, 141 the reader of the output has gone.
Results are on stdout, messages on stderr.
`,
  commands: [
    {
      name: 'verify',
      help: {
        list: `verify SOURCE       check a history from its first event to its signed checkpoint
verify --database   the same on the database of the settings, and all that is kept there beside the log`,
      },
      run: async (args, streams) => (await import('./audit-verify.js')).runVerify(args, streams),
    },
    {
      name: 'checkpoint',
      help: { list: 'checkpoint SOURCE   print the verified checkpoint, to be kept' },
      run: async (args, streams) => (await import('./audit-checkpoint.js')).runCheckpoint(args, streams),
    },
    {
      name: 'replay',
      help: {
        list: `replay SOURCE       compute the reports from the events
    --at N|TIME       as of a position, or of an instant (RFC 3339) or date; else of the whole history
    --compare URL     compare, byte for byte, with what this service publishes
    --report KIND     print one report, exactly its bytes: ${REPORT_KINDS.join(', ')}
    --method VERSION  by this version of the method; else by the current one`,
      },
      run: async (args, streams) => (await import('./audit-replay.js')).runReplay(args, streams),
    },
    {
      name: 'explain',
      help: {
        list: `explain SOURCE      show an event, the path of hashes that proves it, and what it did
    --position N | --event ID`,
      },
      run: async (args, streams) => (await import('./audit-explain.js')).runExplain(args, streams),
    },
    {
      name: 'export',
      help: {
        list: 'export SOURCE FILE  write one file that holds the whole log, and needs no service to be checked',
      },
      run: async (args, streams) => (await import('./audit-export.js')).runExport(args, streams),
    },
    {
      name: 'import',
      help: {
        list: 'import FILE         load an exported log into the empty database of the settings, and verify it there',
      },
      run: async (args, streams) => (await import('./audit-import.js')).runAuditImport(args, streams),
    },
    {
      name: 'receipt',
      help: {
        list: `receipt FILE        check the receipt (.tlog-proof) of one event, without network (audit receipt --help)
    --event FILE`,
        page: `Usage: ppp-ledger audit receipt FILE --event FILE --vkey KEY|FILE [--policy FILE] [--json]

  Checks a receipt, which GET /v1/events/{id}/proof gives, without network: the log signed a checkpoint, and exactly this
  event is in the history of that checkpoint, at the position of the receipt.

  --event FILE      the event as you kept it; - for standard input. Its JSON may be an answer of GET /v1/events/{id}, an
                    element of "data" of GET /v1/events, the data of the event stream, or the entry of the log itself.
  --vkey KEY|FILE   your own copy of the log's verifier key; may be left out where the policy lists the log
  --policy FILE     whose cosignatures you insist on (C2SP tlog-policy)
  --json            the result as JSON

The receipt, the event, the key and the policy may be files, pipes such as <(curl ...), or - for standard input.
Exit codes: 0 it holds, 1 proven wrong (the event and the path of hashes contradict the signed root), 2 could not be checked (it is
damaged, of another log or event, or lacks a valid signature or one that you insist on), 64 usage.
`,
      },
      run: async (args, streams) => (await import('./audit-receipt.js')).runReceipt(args, streams),
    },
    {
      name: 'yearly',
      help: {
        list: 'yearly              the file on the use of access time in a year (audit yearly --help)',
        page: `Usage: ppp-ledger audit yearly --year YEAR [--facility ID] [--url SOURCE] [--format csv|json] [--at POSITION]
                               [--vkey FILE|KEY] [--policy FILE] [--checkpoint FILE]

  Writes the use of access time in a year by facility, pool, category of user and country, every figure with the positions of
  the events that it is made of (Article 12b(17)(l) of Regulation (EU) 2021/1173: by 31 January for the year before).

  --year YEAR       calendar year, UTC
  --facility ID     of this facility alone; compares the file with what the facility submitted for the year
  --url SOURCE      address of the ledger, or a folder or an archive of its log (http://127.0.0.1:3000)
  --format FORMAT   csv (one line a figure) or json (canonical; the same history gives the same bytes)
  --at POSITION     count the history up to here only: makes an earlier file again
  --vkey FILE|KEY   your own copy of the log's verifier key; without it the log's own is believed
  --policy FILE     whose cosignatures you insist on (C2SP tlog-policy)
  --checkpoint FILE a checkpoint that you kept: the history must have grown from it

Exit codes: 0 written, 1 the log is proven wrong, 2 it could not be read, 64 usage, 74 the output could not be written.
`,
      },
      run: async (args, streams) => (await import('./audit-yearly.js')).runYearly(args, streams),
    },
    {
      name: 'sample',
      help: {
        list: 'sample SOURCE       draw amounts to be looked up in the papers, by a seed (audit sample --help)',
        page: `Usage: ppp-ledger audit sample SOURCE --table TABLE --size N --seed TEXT [--by FIELD] [--currency CODE]
                               [--from DATE] [--to DATE] [--at POSITION] [--format csv|json]
                               [--vkey FILE|KEY] [--policy FILE] [--checkpoint FILE]

  Draws a monetary unit sample (ISA 530: value-weighted selection, systematic, with a random start): every cent or chip-hour
  has the same chance. The same seed and history draw the same items, also with other tools: src/audit/README.md.

  SOURCE            address of a service or a log, a folder with the same layout, or an exported file
  --table TABLE     commitments, calls, payments, distributions, grants or usage
  --by FIELD        the field that is summed: amountMinor (distributions: or recallableMinor); chipHours of grants and usage
  --size N          how many units are drawn; an amount above the interval is drawn for certain, once or more
  --seed TEXT       any text; choose it when the history is signed, and write it into your working papers
  --currency CODE   needed where the amounts are of several currencies
  --from, --to DATE only amounts paid, issued, signed, decided or begun on these days, both included
  --at POSITION     the history up to here only
  --format FORMAT   csv (a line an item) or json (canonical; the same history gives the same bytes)

Exit codes: 0 drawn, 1 the log is proven wrong, 2 it could not be read, 64 usage, or there is nothing to draw from, 74 the output could
not be written.
`,
      },
      run: async (args, streams) => (await import('./audit-sample.js')).runSample(args, streams),
    },
  ],
};
