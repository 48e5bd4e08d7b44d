import { code, knownTo, type Schema } from '../ledger/schema.js';

/**
 * Active currencies of ISO 4217 (list one), by the digits of their minor unit: 2 for EUR (100 cents), 0 for JPY. Source: the
 * currency-codes table among the project's reference data. Left out are withdrawn codes and those without a minor unit,
 * because an amount in minor units says nothing about them: precious metals, units of account, `XTS`, `XXX`.
 */
const CODES_BY_DIGITS: readonly (readonly [digits: number, codes: string])[] = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [
    2,
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY ' +
      'COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS ' +
      'INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR ' +
      'MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP ' +
      'STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG',
  ],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
];

const DIGITS_BY_CODE: ReadonlyMap<string, number> = new Map(
  CODES_BY_DIGITS.flatMap(([digits, codes]) => codes.split(' ').map((code): [string, number] => [code, digits])),
);

export const CURRENCY_CODES: readonly string[] = [...DIGITS_BY_CODE.keys()].sort();

/**
 * True for the code of an active currency. Never take a code away that events may have: `audit verify` checks recorded events by this
 * list too.
 */
export const isCurrency = (code: string): boolean => DIGITS_BY_CODE.has(code);

/** Digits of the minor unit, 0 to 4. Undefined for a text that is no active currency. */
export const minorDigitsOf = (code: string): number | undefined => DIGITS_BY_CODE.get(code);

const known = { has: isCurrency, demand: 'be the code of an active currency (ISO 4217)' };

/** ISO 4217, for the data of events. */
export const currency = (description?: string): Schema<string> => knownTo(code(3, description), known);
