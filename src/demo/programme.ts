import { MODES_IN_FORCE } from './modes.js';
import type { PolicyName } from '../governance/policy-values.js';
import { addAccess } from './access.js';
import type { Access } from './access.js';
import { addCapital } from './capital.js';
import type { Capital } from './capital.js';
import { CommandList } from './command-list.js';
import type { DemoCommand, DemoValue } from './command-list.js';
import { addFacilities } from './facilities.js';
import type { Facilities } from './facilities.js';
import { addPartners } from './partners.js';
import type { Partners } from './partners.js';
import { ASSOCIATED_COUNTRIES, SOURCES } from './public-facts.js';
import { Random } from './random.js';

/** A change of the seed, or of any generated value, makes a new programme, which needs a new version in the keys. */
const SEED = 20_260_120;
const VERSION = 'demo-v3';
const REQUESTS = 2_000;
/** With fewer requests, the special cases would outnumber the ordinary ones. */
const REQUESTS_MIN = 40;

/** This partner is registered after everything else. If the ledger has it, the load is complete. */
export const LAST_PARTNER = 'Wabenzy Quantum Gardening (invented)';

export interface Programme {
  /** Prefix of the idempotency key of every command, so that a second load changes nothing. */
  readonly keyPrefix: string;
  /** In the order of sending. */
  readonly commands: readonly DemoCommand[];
  readonly partners: Partners;
  readonly facilities: Facilities;
  readonly capital: Capital;
  readonly access: Access;
}

export interface ProgrammeOptions {
  /** Part of the 2,000 requests to generate. Partners, commitments and facilities are always complete. */
  readonly scale?: number;
}

/**
 * The demo programme: InvestAI according to public facts, with invented applicants, amounts and requests. The commands
 * are the same on every machine and at any time.
 */
export function demoProgramme({ scale = 1 }: ProgrammeOptions = {}): Programme {
  const requestCount = Math.max(REQUESTS_MIN, Math.round(REQUESTS * scale));
  const commands = new CommandList();
  addPolicies(commands);
  const partners = addPartners(commands, Random.forPart(SEED, 'partners'));
  const facilities = addFacilities(commands, Random.forPart(SEED, 'facilities'));
  const { gigafactories, aiFactories } = facilities;
  const capital = addCapital(commands, Random.forPart(SEED, 'capital'), gigafactories, partners.financiers);
  const access = addAccess(commands, Random.forPart(SEED, 'access'), {
    facilities: [...gigafactories, ...aiFactories],
    applicants: partners.applicants,
    hostSignatures: capital.hostSignatures,
    requestCount,
  });
  commands.addLast({
    name: 'partner:last',
    path: '/v1/partners',
    body: { legalName: LAST_PARTNER, country: 'MT', legalForm: 'company', illustrative: true },
  });
  const keyPrefix = requestCount === REQUESTS ? VERSION : `${VERSION}-${requestCount}`;
  return { keyPrefix, commands: commands.inOrder(), partners, facilities, capital, access };
}

function addPolicies(commands: CommandList): void {
  const adopt = (policy: PolicyName, value: DemoValue, reason: string): void => {
    const body = { policy, value, effectiveFrom: '2024-10-01', reason };
    commands.add({ name: `policy:${policy}`, path: '/v1/policies', sender: 'board', body });
  };
  adopt(
    'associated-countries',
    ASSOCIATED_COUNTRIES,
    `A selection of the countries associated to Horizon Europe or Digital Europe (illustrative). ${SOURCES.horizonEurope}`,
  );
  adopt(
    'entitlement-basis',
    'committed',
    'Article 12b(13) leaves open whether committed or paid counts (illustrative).',
  );
  adopt(
    'access-modes',
    MODES_IN_FORCE,
    'Sizes, durations and limits for decisions of the access policy of mid 2026 (illustrative as a decision of the board).',
  );
  adopt('demand-basis', 'all', 'Whoever asks is demand, whatever becomes of the request (illustrative).');
  adopt(
    'impact-ratio-minimum',
    { decidedMin: 10, flagBelow: 0.8 },
    'Below ten decisions a ratio says nothing about a category (illustrative).',
  );
  adopt(
    'matching-basis',
    { kinds: ['access-time-purchase', 'capex'] },
    'Article 12b(5) names the CAPEX and the purchase of access time (illustrative).',
  );
  adopt('union-in-kind', 'counted', 'What the Union gives in kind replaces an investment (illustrative).');
  adopt('union-share-maximum', { supercomputer: 50 }, 'Half of a high-end supercomputer (illustrative).');
  adopt('capital-call-notice', { businessDays: 10 }, 'The practice that ILPA recommends to funds (illustrative).');
  adopt('business-day-calendar', 'brussels', 'The calendar of the institutions in Brussels (illustrative).');
}
