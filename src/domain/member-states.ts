/**
 * The 27 Member States of the European Union since 1 February 2020, as ISO 3166-1 alpha-2 codes (the Union's own
 * publications write `EL` for Greece). Third countries count as associated only through a policy, see
 * `../governance/policy-values.ts`: Art. 12b(15)(a) names programmes whose lists change.
 */
export const EU_MEMBER_STATES: readonly string[] =
  'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' ');

const MEMBERS: ReadonlySet<string> = new Set(EU_MEMBER_STATES);

export const isMemberState = (country: string): boolean => MEMBERS.has(country);
