import { SOURCES } from './public-facts.js';

export interface AiFactory {
  readonly key: string;
  readonly name: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** Absent if no public source names a host. */
  readonly host?: AiFactoryHost;
  /** Absent if no public source names a system. */
  readonly system?: string;
  /** Month of the selection by the Joint Undertaking. */
  readonly selected: '2024-12' | '2025-03' | '2025-10';
  readonly source: string;
}

export interface AiFactoryHost {
  readonly name: string;
  readonly legalForm: 'company' | 'university' | 'research-organisation' | 'consortium';
}

const { firstSeven, secondSix, map } = SOURCES.aiFactories;

/** The AI factories that the EuroHPC Joint Undertaking selected in its three rounds, as public sources name them. */
export const AI_FACTORIES: readonly AiFactory[] = [
  {
    key: 'lumi',
    name: 'LUMI AI Factory',
    country: 'FI',
    host: { name: 'CSC (Kajaani)', legalForm: 'research-organisation' },
    system: 'LUMI-AI (new)',
    selected: '2024-12',
    source: firstSeven,
  },
  {
    key: 'bsc',
    name: 'BSC AI Factory',
    country: 'ES',
    host: { name: 'BSC (Barcelona)', legalForm: 'research-organisation' },
    system: 'MareNostrum 5 upgrade',
    selected: '2024-12',
    source: firstSeven,
  },
  {
    key: 'it4lia',
    name: 'IT4LIA',
    country: 'IT',
    host: { name: 'CINECA (Bologna)', legalForm: 'consortium' },
    system: 'Leonardo / LISA / new system',
    selected: '2024-12',
    source: firstSeven,
  },
  {
    key: 'meluxina',
    name: 'MeluXina-AI',
    country: 'LU',
    host: { name: 'LuxProvide (Bissen)', legalForm: 'company' },
    system: 'new',
    selected: '2024-12',
    source: firstSeven,
  },
  {
    key: 'mimer',
    name: 'MIMER',
    country: 'SE',
    host: { name: 'University of Linkoping', legalForm: 'university' },
    system: 'new + Arrhenius',
    selected: '2024-12',
    source: firstSeven,
  },
  {
    key: 'hammerhai',
    name: 'HammerHAI',
    country: 'DE',
    host: { name: 'University of Stuttgart (HLRS)', legalForm: 'university' },
    system: 'new',
    selected: '2024-12',
    source: firstSeven,
  },
  {
    key: 'pharos',
    name: 'Pharos',
    country: 'GR',
    host: { name: 'GRNET (Athens)', legalForm: 'research-organisation' },
    system: 'DAEDALUS',
    selected: '2024-12',
    source: firstSeven,
  },
  {
    key: 'ai-at',
    name: 'AI:AT',
    country: 'AT',
    host: { name: 'TU Wien / ACA+AIT', legalForm: 'consortium' },
    system: 'new',
    selected: '2025-03',
    source: secondSix,
  },
  {
    key: 'brain',
    name: 'BRAIN++',
    country: 'BG',
    host: { name: 'Sofia Tech Park', legalForm: 'company' },
    system: 'Discoverer++',
    selected: '2025-03',
    source: secondSix,
  },
  {
    key: 'ai2f',
    name: 'AI2F',
    country: 'FR',
    host: { name: 'GENCI / CEA TGCC', legalForm: 'consortium' },
    system: 'Alice Recoque',
    selected: '2025-03',
    source: secondSix,
  },
  {
    key: 'jaif',
    name: 'JAIF',
    country: 'DE',
    host: { name: 'JSC Juelich', legalForm: 'research-organisation' },
    system: 'JUPITER',
    selected: '2025-03',
    source: secondSix,
  },
  { key: 'piast', name: 'PIAST', country: 'PL', system: 'new', selected: '2025-03', source: `${secondSix}; ${map}` },
  { key: 'slaif', name: 'SLAIF', country: 'SI', system: 'new', selected: '2025-03', source: `${secondSix}; ${map}` },
  { key: 'czai', name: 'CZAI', country: 'CZ', system: 'new', selected: '2025-10', source: map },
  { key: 'litai', name: 'LitAI', country: 'LT', system: 'new', selected: '2025-10', source: map },
  { key: 'nlaif', name: 'NLAIF', country: 'NL', system: 'new', selected: '2025-10', source: map },
  { key: 'gaia', name: 'Gaia AI Factory', country: 'PL', system: 'new', selected: '2025-10', source: map },
  { key: 'ro', name: 'RO AI Factory', country: 'RO', system: 'new', selected: '2025-10', source: map },
  { key: '1healthai', name: '1HealthAI', country: 'ES', system: 'new', selected: '2025-10', source: map },
];
