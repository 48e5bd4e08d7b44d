import type { Category } from '../partners/partner.js';
import type { Random } from './random.js';

export interface CategoryProfile {
  /** Number of applicants of the category in the programme that are established in the Union. */
  readonly applicants: number;
  /** The law or rule that defines the test for the category. */
  readonly basis: string;
  /** Words that end an invented name of the category. */
  readonly trades: readonly string[];
  readonly registered: { readonly from: number; readonly to: number };
  /** Multiplies the chance of a grant. The equal-access report is to show this difference between categories. */
  readonly success: number;
  /** Used part of the allocated chip-hours, on average. */
  readonly utilisation: number;
}

export const PROFILES: Readonly<Record<Category, CategoryProfile>> = {
  'start-up': {
    applicants: 55,
    basis: 'GBER Art. 22(2): unlisted small enterprise, up to five years from registration',
    trades: ['Robotics', 'Vision', 'Language AI', 'Proteins', 'Farm AI', 'Speech', 'Materials', 'Energy AI'],
    registered: { from: 2021, to: 2024 },
    success: 0.9,
    utilisation: 0.78,
  },
  sme: {
    applicants: 54,
    basis: 'GBER Annex I, with linked and partner enterprises counted',
    trades: ['Software', 'Diagnostics', 'Logistics', 'Optics', 'Translation', 'Sensors', 'Analytics'],
    registered: { from: 1995, to: 2018 },
    success: 0.88,
    utilisation: 0.74,
  },
  'scale-up': {
    applicants: 22,
    basis: 'InvestEU Art. 2(22): small mid-cap by published policy',
    trades: ['Models', 'Platforms', 'Autonomy', 'Genomics', 'Simulation'],
    registered: { from: 2012, to: 2018 },
    success: 1,
    utilisation: 0.85,
  },
  research: {
    applicants: 32,
    basis: 'Research organisation by its statutes',
    trades: ['University', 'Institute of Technology', 'Institute for Climate', 'Medical Research Centre'],
    registered: { from: 1970, to: 2010 },
    success: 1.06,
    utilisation: 0.9,
  },
  'public-body': {
    applicants: 13,
    basis: 'Governed by public law',
    trades: ['City Council', 'Weather Service', 'Hospital Trust', 'Land Registry', 'Transport Authority'],
    registered: { from: 1972, to: 2012 },
    success: 0.98,
    utilisation: 0.6,
  },
  'large-enterprise': {
    applicants: 15,
    basis: 'None of the other categories: 500 staff or more',
    trades: ['Motors', 'Chemicals', 'Insurance', 'Telecom', 'Aerospace', 'Steel'],
    registered: { from: 1970, to: 2005 },
    success: 1.1,
    utilisation: 0.82,
  },
  'tech-giant': {
    applicants: 4,
    basis: 'Digital Markets Act, Art. 3: designated gatekeeper (invented decision)',
    trades: ['Megaplatform', 'Omnicloud', 'Hyperstore', 'Allsearch'],
    registered: { from: 1998, to: 2006 },
    success: 1.16,
    utilisation: 0.95,
  },
};

const FIRST_SYLLABLES =
  'Bral Quim Zorp Vell Nub Trix Plo Yand Krum Fizz Glo Wab Snor Dwin Jox Hup Lurm Teb Oxl Mip'.split(' ');
const LAST_SYLLABLES = 'bat quin ixo andro erly omba uvex itto aggle ordi enzy ubik amster oplo irra'.split(' ');

/** Made-up words for names that nobody could take for a real organisation. Each word is used once. */
export class InventedNames {
  private readonly words: string[];

  constructor(private readonly random: Random) {
    this.words = random.shuffled(FIRST_SYLLABLES.flatMap((first) => LAST_SYLLABLES.map((last) => first + last)));
  }

  /** @throws RangeError when no word is left. */
  next(trades: readonly string[]): string {
    const word = this.words.pop();
    if (word === undefined) throw new RangeError('The demo programme has run out of invented names.');
    return `${word} ${this.random.pick(trades)} (invented)`;
  }
}
