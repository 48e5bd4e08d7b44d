import type { CapitalReport } from '../transparency/method-1/capital-report.js';
import type { EqualAccessReport } from '../transparency/method-1/equal-access-report.js';
import { tableText } from '../transparency/text-table.js';
import { ApiClient } from '../client/api-client.js';
import { capitalOverview, equalAccessOverview } from './overview.js';
import { Loader } from './loader.js';
import type { LoadSummary } from './loader.js';
import { demoProgramme } from './programme.js';
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
  const summary = await new Loader({ baseUrl, operatorKey, progress: err }).load(programme);
  for (const line of summaryLines(summary)) err.write(`${line}\n`);
  const api = new ApiClient(baseUrl);
  const read = (report: string): Promise<unknown> =>
    api.read({ path: `/v1/transparency/${report}?minPosition=${summary.position}` });
  const [equalAccess, capital] = await Promise.all([read('equal-access'), read('capital')]);
  const sections = [
    tableText(equalAccessOverview(equalAccess as EqualAccessReport)),
    tableText(capitalOverview(capital as CapitalReport)),
    `${ILLUSTRATIVE.join('\n')}\n`,
    `${whereToGoOn(baseUrl, operatorKey).join('\n')}\n`,
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

function whereToGoOn(baseUrl: string, key: string): string[] {
  const root = baseUrl.replace(/\/$/, '');
  return [
    `API     ${root}`,
    `Docs    ${root}/docs`,
    `Report  ${root}/v1/transparency/equal-access`,
    `Key     ${key}`,
    '',
    'Try:',
    `  curl -H ${shellQuoted(`Authorization: Bearer ${key}`)} \\`,
    `    ${shellQuoted(`${root}/v1/grants?category=start-up&limit=3`)}`,
  ];
}

/** A key may contain any visible character, and a shell gives some of them a meaning. */
const shellQuoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
