import type { RecordedEvent } from '../ledger/event.js';

type Data = Readonly<Record<string, unknown>>;

const money = (data: Data, name: string): string => `${String(data[name])} minor units of ${String(data['currency'])}`;
const reasons = (data: Data): string =>
  Array.isArray(data['reasonCodes']) ? data['reasonCodes'].join(', ') : 'no reasons';
const period = (data: Data): string => `from ${String(data['from'])} to ${String(data['to'])}`;

/** What an event of each type says, for people who do not know the ledger. */
const MEANINGS: Readonly<Record<string, (data: Data) => string>> = {
  'partner-registered': (data) =>
    `${String(data['legalName'])} (${String(data['country'])}, ${String(data['legalForm'])}) takes part.`,
  'partner-classified': (data) =>
    `From ${String(data['effectiveFrom'])} on, the partner counts as ${String(data['category'])} (${String(data['basis'])}).`,
  'affiliation-recorded': (data) =>
    `Partner ${String(data['otherPartnerId'])} holds ${String(data['percent'])} % of this one.`,
  'affiliation-ended': (data) => `Partner ${String(data['otherPartnerId'])} holds nothing of this one any more.`,
  'partner-acquired': (data) =>
    `Partner ${String(data['acquirerId'])} controls this one from ${String(data['effectiveFrom'])} on.`,
  'policy-adopted': (data) =>
    `Version ${String(data['version'])} of the policy ${String(data['policy'])} holds from ${String(data['effectiveFrom'])} on: ${String(data['reason'])}`,
  'api-key-issued': (data) => `A key was issued: ${String(data['name'])}. Only its hash is recorded.`,
  'api-key-revoked': () => 'The key cannot be used any more.',
  'fund-established': (data) => `The fund ${String(data['name'])} is to raise ${money(data, 'targetMinor')}.`,
  'tranche-defined': (data) =>
    `The fund has a ${String(data['kind'])} layer of rank ${String(data['rank'])} that takes up to ${String(data['capMinor'])} minor units.`,
  'tranche-subscribed': (data) =>
    `Commitment ${String(data['commitmentId'])} moves what is committed to a layer by ${String(data['deltaMinor'])} minor units.`,
  'financial-close-reached': (data) =>
    `Financial close with ${String(data['committedMinor'])} minor units committed: capital may be called from here on.`,
  'commitment-pledged': (data) => `A pledge of ${money(data, 'amountMinor')}, which binds nobody yet.`,
  'commitment-signed': (data) =>
    `The pledge of ${money(data, 'amountMinor')} was signed on ${String(data['signedOn'])}.`,
  'commitment-amended': (data) =>
    `What is committed changes by ${money(data, 'deltaMinor')}: ${String(data['reason'])}`,
  'capital-call-issued': (data) => `${money(data, 'amountMinor')} are called, due on ${String(data['dueOn'])}.`,
  'capital-call-paid': (data) => `${money(data, 'amountMinor')} were paid on ${String(data['paidOn'])}.`,
  'distribution-paid': (data) =>
    `${money(data, 'amountMinor')} were paid back, ${String(data['recallableMinor'])} of which may be called again.`,
  'commitment-cancelled': (data) => `The commitment is cancelled, which releases ${money(data, 'releasedMinor')}.`,
  'facility-registered': (data) =>
    `The ${String(data['kind'])} ${String(data['name'])} stands in ${String(data['country'])}.`,
  'contribution-recorded': (data) =>
    `Commitment ${String(data['commitmentId'])} moves what ${String(data['partnerKind'])} money contributes by ${money(data, 'deltaMinor')}.`,
  'capacity-installed': (data) =>
    `${String(data['chips'])} chips ${String(data['chipModel'])} more are installed from ${String(data['effectiveFrom'])} on.`,
  'capacity-retired': (data) =>
    `${String(data['chips'])} chips ${String(data['chipModel'])} fewer are installed from ${String(data['effectiveFrom'])} on.`,
  'quota-policy-adopted': (data) =>
    `Version ${String(data['version'])} of the floors and caps for ${String(data['chipModel'])} holds from ${String(data['effectiveFrom'])} on.`,
  'chips-allocated': (data) =>
    `${String(data['chips'])} chips ${String(data['chipModel'])} are promised to partner ${String(data['partnerId'])} ${period(data)}.`,
  'allocation-released': (data) =>
    `The allocation gives back its chips from ${String(data['at'])} on: ${String(data['reason'])}.`,
  'access-call-opened': (data) =>
    `A ${String(data['mode'])} call takes requests from ${String(data['opensAt'])} until before ${String(data['closesAt'])}.`,
  'access-request-submitted': (data) =>
    `Partner ${String(data['partnerId'])} (${String(data['category'])}) asks for ${String(data['chipHoursRequested'])} chip-hours.`,
  'access-request-withdrawn': () => 'The applicant withdrew the request.',
  'eligibility-confirmed': (data) => `The request is eligible: ${reasons(data)}.`,
  'eligibility-refused': (data) => `The request is not eligible: ${reasons(data)}.`,
  'access-granted': (data) =>
    `${String(data['chipHours'])} of ${String(data['chipHoursRequested'])} chip-hours are granted (${String(data['priceBasis'])}): ${reasons(data)}.`,
  'access-denied': (data) => `The request is denied: ${reasons(data)}.`,
  'grant-revoked': (data) => `The grant of ${String(data['chipHours'])} chip-hours is revoked: ${reasons(data)}.`,
  'usage-reported': (data) =>
    `${Array.isArray(data['records']) ? data['records'].length : 0} records of usage at facility ${String(data['facilityId'])}.`,
  'report-published': (data) =>
    `The ${String(data['kind'])} report as of position ${String(data['position'])} was published, with the hash ${String(data['sha256'])}.`,
  'corrective-action-decided': (data) =>
    `On the ground of report ${String(data['reportId'])} the board decided: ${String(data['measure'])}`,
  'personal-data-erased': (data) =>
    `Sealed content of ${Array.isArray(data['eventIds']) ? data['eventIds'].length : 0} events was destroyed: ${String(data['reason'])}`,
};

/** True for a type that is told in words. */
export const hasMeaning = (type: string): boolean => type in MEANINGS;

export function meaningOf({ type, data }: Pick<RecordedEvent, 'type' | 'data'>): string {
  return MEANINGS[type]?.(data as Data) ?? `An event of the type ${type}; its data say the rest.`;
}
