import { code, knownTo, type Schema } from '../ledger/schema.js';

/**
 * ISO 3166-1 alpha-2 codes. Exceptionally reserved codes (`EU`, `UK`) and user-assigned ones (`XK`) are not part of the standard
 * and not accepted: Greece is `GR`, the United Kingdom `GB`.
 */
export const COUNTRY_CODES: readonly string[] = (
  'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ ' +
  'CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO ' +
  'FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE ' +
  'JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO ' +
  'MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW ' +
  'PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM ' +
  'TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW'
).split(' ');

const CODES: ReadonlySet<string> = new Set(COUNTRY_CODES);

/**
 * True for the code of a country. Never take a code away that events may have: `audit verify` checks recorded events by this list too.
 */
export const isCountry = (code: string): boolean => CODES.has(code);

const known = { has: isCountry, demand: 'be the code of a country (ISO 3166-1 alpha-2)' };

/** ISO 3166-1 alpha-2, for the data of events. */
export const country = (description?: string): Schema<string> => knownTo(code(2, description), known);
