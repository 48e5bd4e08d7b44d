/**
 * Active ISO 4217 currencies by the number of decimal digits of their minor unit (the currency-codes table among the
 * project's reference data). Left out are withdrawn codes and those without a minor unit, because an amount in minor units says
 * nothing about them: precious metals, units of account, `XTS`, `XXX`.
 */
const CODES_BY_DIGITS: readonly (readonly [digits: number, codes: string])[] = [
  [0, `BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF`],
  [
    2,
    `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
     CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG
     HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR
     MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG
     SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES
     WST XAD XCD XCG YER ZAR ZMW ZWG`,
  ],
  [3, `BHD IQD JOD KWD LYD OMR TND`],
  [4, `CLF UYW`],
];

const DIGITS_BY_CODE: ReadonlyMap<string, number> = new Map(
  CODES_BY_DIGITS.flatMap(([digits, codes]) => codes.split(/\s+/).map((code): [string, number] => [code, digits])),
);

export const CURRENCY_CODES: readonly string[] = [...DIGITS_BY_CODE.keys()].sort();

export const isCurrency = (code: string): boolean => DIGITS_BY_CODE.has(code);

/**
 * Decimal digits between the minor and the major unit: 2 for EUR (100 cents), 0 for JPY.
 * @throws RangeError on a code that is no active currency, because every stored one was checked.
 */
export function minorUnitDigits(code: string): number {
  const digits = DIGITS_BY_CODE.get(code);
  if (digits === undefined) throw new RangeError(`"${code}" is not an active ISO 4217 currency.`);
  return digits;
}
