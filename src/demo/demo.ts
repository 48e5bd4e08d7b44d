import type { CapitalReport } from '../transparency/method-2/capital-report.js';
import type { EqualAccessReport } from '../transparency/method-2/equal-access-report.js';
import { tableText } from './text-table.js';
import { ApiClient } from '../client/api-client.js';
import { capitalOverview, equalAccessOverview } from './overview.js';
import { demoKeys, type DemoKeys } from './keys.js';
import { Loader } from './loader.js';
import type { LoadSummary } from './loader.js';
import { demoProgramme } from './programme.js';
import { publishReports } from './published.js';
import type { ProgressOutput } from '../client/progress.js';

export interface DemoOptions {
  /** Root of the API, such as `http://127.0.0.1:3000`. */
  readonly baseUrl: string;
  readonly operatorKey: string;
  /** Output for the tables of the demo. */
  readonly out: { write(text: string): unknown };
  /** Output for messages and progress. */
  readonly err: ProgressOutput;
  /** Part of the programme's requests to load; 1 unless a test needs a short load. */
  readonly scale?: number;
}

const ILLUSTRATIVE = [
  'ILLUSTRATIVE. Public facts: the fund and its size, its three kinds of layer, the programmes of the',
  'Union and the bodies that take part, four gigafactories of about 100,000 chips, the AI factories',
  'with country and host. Generated from a fixed seed: every amount, site and date beyond these, all',
  'applicants, requests, decisions, allocations and usage. No figure above is about a real applicant.',
];

/**
 * Loads the demo programme unless the ledger has it already, then prints its tables and the next steps.
 * @throws ApiFailure with a complete sentence for the person who started the demo.
 */
export async function runDemo(options: DemoOptions): Promise<LoadSummary> {
  const { baseUrl, operatorKey, out, err, scale } = options;
  const programme = demoProgramme(scale === undefined ? {} : { scale });
  const api = new ApiClient(baseUrl);
  const keys = await demoKeys(api, operatorKey);
  const summary = await new Loader({ baseUrl, keys, progress: err }).load(programme);
  await publishReports(api, keys.operator, summary.position);
  for (const line of summaryLines(summary)) err.write(`${line}\n`);
  const read = (report: string): Promise<unknown> =>
    api.read({ path: `/v1/transparency/${report}?minPosition=${summary.position}` });
  const [equalAccess, capital] = await Promise.all([read('equal-access'), read('capital')]);
  const sections = [
    tableText(equalAccessOverview(equalAccess as EqualAccessReport)),
    tableText(capitalOverview(capital as CapitalReport)),
    `${ILLUSTRATIVE.join('\n')}\n`,
    `${whereToGoOn(baseUrl, keys).join('\n')}\n`,
  ];
  out.write(`\n${sections.join('\n')}`);
  return summary;
}

function summaryLines({ loaded, commands, replayed, refusals, durationMs }: LoadSummary): string[] {
  if (!loaded) return ['The demo programme is in this ledger already; nothing was loaded.'];
  const seconds = (durationMs / 1_000).toFixed(1);
  const again = replayed === 0 ? '' : `, ${replayed} of them answered as in an earlier load`;
  return [
    `Loaded the demo programme: ${commands} commands in ${seconds} s${again}.`,
    ...refusals.map(
      ({ name, status, code, detail }) => `Refused, as it should be: ${name}: ${status} ${code}: ${detail}`,
    ),
  ];
}

function whereToGoOn(baseUrl: string, keys: DemoKeys): string[] {
  const root = baseUrl.replace(/\/$/, '');
  return [
    `Docs      ${root}/docs    (Authorize with a key, then "Try it out")`,
    `Report    ${root}/v1/transparency/equal-access    (without a key)`,
    `The past  ${root}/v1/transparency/equal-access?effectiveAt=2025-12-31`,
    `Published ${root}/v1/transparency/reports`,
    '',
    'Keys, for one day each:',
    ...(Object.keys(MAY) as (keyof DemoKeys)[]).flatMap((role) => [
      `  ${role.padEnd(8)}  ${MAY[role]}`,
      `            ${keys[role]}`,
    ]),
    '',
    'Try:',
    `  export URL=${root} OPERATOR_KEY=${shellQuoted(keys.operator)}`,
    '  curl -H "Authorization: Bearer $OPERATOR_KEY" "$URL/v1/grants?category=start-up&limit=3"',
  ];
}

/** What the holder of a key may do. */
const MAY: Readonly<Record<keyof DemoKeys, string>> = {
  operator: 'keeps the ledger: partners, funds, commitments, calls, capacity, requests for others',
  panel: 'checks eligibility and decides on requests for access',
  board: 'adopts policies and quotas, decides on corrective actions',
};

/** A key may contain any visible character, and a shell gives some of them a meaning. */
const shellQuoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
