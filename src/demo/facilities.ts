import { AI_FACTORIES } from './ai-factories.js';
import type { AiFactory } from './ai-factories.js';
import type { Category } from '../partners/partner.js';
import { PROGRAMME_END, PROGRAMME_START } from './calendar.js';
import type { CommandList } from './command-list.js';
import { SOURCES, stateOf } from './public-facts.js';
import type { Random } from './random.js';

export type FacilityKind = 'ai-gigafactory' | 'ai-factory';

export interface Installation {
  readonly from: string;
  readonly chips: number;
}

export interface Facility {
  /** Name of the command that registers the facility. */
  readonly name: string;
  readonly label: string;
  readonly country: string;
  readonly kind: FacilityKind;
  /** First day on which the facility takes requests. */
  readonly opensOn: string;
  readonly chipModel: string;
  /** In order of date. */
  readonly installations: readonly Installation[];
  readonly floors: Readonly<Partial<Record<Category, number>>>;
  readonly caps: Readonly<Partial<Record<Category, number>>>;
  /** Commands that must be answered before chips are allocated. */
  readonly ready: readonly string[];
}

export interface Gigafactory extends Facility {
  readonly capexMinor: bigint;
  readonly hostState: string;
  readonly operator: string;
}

const BILLION_EURO_MINOR = 100_000_000_000n;
/**
 * The chips of a facility are not public, neither their number nor their model. The model names state this wherever
 * they are shown.
 */
const GIGAFACTORY_MODEL = 'illustrative-2026';
const GIGAFACTORY_OPENS_ON = '2026-03-02';

interface GigafactoryPlan {
  readonly key: string;
  readonly country: string;
  readonly capexMinor: bigint;
  readonly installations: readonly Installation[];
}

/** Public are the number four and the size of around 100,000 chips; the places, costs and start dates are invented. */
const GIGAFACTORIES: readonly GigafactoryPlan[] = [
  {
    key: 'north',
    country: 'FI',
    capexMinor: (46n * BILLION_EURO_MINOR) / 10n,
    installations: [
      { from: '2026-03-01', chips: 24_576 },
      { from: '2026-06-01', chips: 73_728 },
    ],
  },
  {
    key: 'west',
    country: 'FR',
    capexMinor: 5n * BILLION_EURO_MINOR,
    installations: [
      { from: '2026-03-01', chips: 32_000 },
      { from: '2026-07-01', chips: 68_000 },
    ],
  },
  {
    key: 'south',
    country: 'ES',
    capexMinor: (44n * BILLION_EURO_MINOR) / 10n,
    installations: [{ from: '2026-03-01', chips: 98_304 }],
  },
  {
    key: 'centre',
    country: 'PL',
    capexMinor: (48n * BILLION_EURO_MINOR) / 10n,
    installations: [
      { from: '2026-03-01', chips: 40_960 },
      { from: '2026-05-01', chips: 61_440 },
    ],
  },
];

export interface Facilities {
  readonly gigafactories: readonly Gigafactory[];
  readonly aiFactories: readonly Facility[];
}

/** Registers the facilities with their chips and with the floors for the small categories. */
export function addFacilities(commands: CommandList, random: Random): Facilities {
  return {
    gigafactories: GIGAFACTORIES.map((plan) => addGigafactory(commands, plan)),
    aiFactories: AI_FACTORIES.map((factory) => addAiFactory(commands, factory, random)),
  };
}

function addGigafactory(commands: CommandList, plan: GigafactoryPlan): Gigafactory {
  const { key, country, capexMinor, installations } = plan;
  const name = `facility:gigafactory-${key}`;
  const label = `AI gigafactory ${key} (illustrative site)`;
  const operator = `partner:consortium-${key}`;
  const hostState = stateOf(country);
  commands.add({
    name: operator,
    path: '/v1/partners',
    body: { legalName: `Consortium ${key} (invented)`, country, legalForm: 'consortium', illustrative: true },
  });
  commands.add({
    name,
    path: '/v1/facilities',
    body: {
      name: label,
      country,
      kind: 'ai-gigafactory',
      operatorPartnerId: { ref: operator },
      hostStatePartnerId: { ref: hostState },
      capexMinor: String(capexMinor),
      currency: 'EUR',
      source: SOURCES.investAi,
      illustrative: true,
    },
  });
  const floors = { 'start-up': 4_000, sme: 4_000, 'scale-up': 2_000, research: 8_000 };
  const caps = { 'tech-giant': 6_000, 'large-enterprise': 20_000 };
  const facility = { name, chipModel: GIGAFACTORY_MODEL, installations, floors, caps };
  const ready = [...addInstallations(commands, facility), ...addQuotaPolicy(commands, facility)];
  const described = { ...facility, label, country, ready, kind: 'ai-gigafactory' as const };
  return { ...described, opensOn: GIGAFACTORY_OPENS_ON, capexMinor, hostState, operator };
}

const SELECTION_ROUNDS: Readonly<Record<AiFactory['selected'], { opensOn: string; model: string; chips: number }>> = {
  '2024-12': { opensOn: '2025-01-06', model: 'illustrative-2024', chips: 6_000 },
  '2025-03': { opensOn: '2025-06-02', model: 'illustrative-2025', chips: 5_000 },
  '2025-10': { opensOn: '2026-01-12', model: 'illustrative-2025', chips: 2_500 },
};

/** These factories extend systems that ran before the selection. The first calls of the programme open there. */
const RUNNING_BEFORE: ReadonlySet<string> = new Set(['bsc', 'it4lia', 'lumi']);
const OLD_MODEL = 'illustrative-2022';
const OLD_MODEL_CHIPS = 1_200;

function addAiFactory(commands: CommandList, factory: AiFactory, random: Random): Facility {
  const { key, country, host, source } = factory;
  const round = SELECTION_ROUNDS[factory.selected];
  const name = `facility:${key}`;
  const operator = host === undefined ? {} : { operatorPartnerId: { ref: `partner:host-${key}` } };
  const hostStatePartnerId = { ref: stateOf(country) };
  commands.add({
    name,
    path: '/v1/facilities',
    body: { name: factory.name, country, kind: 'ai-factory', ...operator, hostStatePartnerId, source },
  });
  const opensOn = RUNNING_BEFORE.has(key) ? PROGRAMME_START : round.opensOn;
  const chips = Math.round((round.chips * random.between(0.6, 1.6)) / 100) * 100;
  const installations = [
    { from: opensOn, chips },
    ...(factory.selected === '2025-10' ? [] : [{ from: '2026-02-01', chips: Math.round(chips / 200) * 100 }]),
  ];
  const floors = random.chance(0.6) ? { 'start-up': Math.round(chips / 20), sme: Math.round(chips / 20) } : {};
  const caps = { 'tech-giant': Math.round(chips / 5) };
  const facility = { name, chipModel: round.model, installations, floors, caps };
  const ready = [...addInstallations(commands, facility), ...addQuotaPolicy(commands, facility)];
  if (RUNNING_BEFORE.has(key)) addOldPartition(commands, name);
  return { ...facility, label: factory.name, country, kind: 'ai-factory', opensOn, ready };
}

type Equipped = Pick<Facility, 'name' | 'chipModel' | 'installations' | 'floors' | 'caps'>;

function addInstallations(commands: CommandList, facility: Equipped): string[] {
  return facility.installations.map(({ from, chips }, index) => {
    const name = `capacity:${facility.name}-${index + 1}`;
    const body = { chipModel: facility.chipModel, chips, effectiveFrom: from };
    commands.add({ name, path: `/v1/facilities/{${facility.name}}/capacity`, body });
    return name;
  });
}

/** Floors must be covered by installed chips, so the policy follows the installations. */
function addQuotaPolicy(commands: CommandList, facility: Equipped): string[] {
  const { name, chipModel, installations, floors, caps } = facility;
  const policy = `quota:${name}`;
  commands.add({
    name: policy,
    path: `/v1/facilities/{${name}}/quota-policies`,
    sender: 'board',
    body: {
      chipModel,
      floors,
      caps,
      effectiveFrom: installations[0]?.from ?? PROGRAMME_END,
      reason: 'Reserved resources for research and small enterprises, and a ceiling for the largest (illustrative).',
    },
    after: installations.map((_, index) => `capacity:${name}-${index + 1}`),
  });
  return [policy];
}

/** Chips of an earlier generation without allocations. They are retired during the programme. */
function addOldPartition(commands: CommandList, facility: string): void {
  const [capacity, retirement] = [`capacity:${facility}-old`, `retirement:${facility}`];
  commands.add({
    name: capacity,
    path: `/v1/facilities/{${facility}}/capacity`,
    body: { chipModel: OLD_MODEL, chips: OLD_MODEL_CHIPS, effectiveFrom: '2022-06-01' },
  });
  commands.add({
    name: retirement,
    path: `/v1/facilities/{${facility}}/retirements`,
    body: { chipModel: OLD_MODEL, chips: OLD_MODEL_CHIPS / 2, effectiveFrom: '2026-01-01' },
    after: [capacity],
  });
}
