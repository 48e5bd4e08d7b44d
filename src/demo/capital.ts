import { addDays, businessDayFrom } from './calendar.js';
import type { CommandList } from './command-list.js';
import { addCourse, FINANCIAL_CLOSE, FINANCIAL_CLOSE_ON } from './commitment-course.js';
import type { CommitmentPlan, Course } from './commitment-course.js';
import type { Gigafactory } from './facilities.js';
import { EIB_GROUP, FUND, MEMBER_STATES, SOURCES, stateOf, UNION, UNION_PROGRAMMES } from './public-facts.js';
import type { Random } from './random.js';

const MILLION_EURO_MINOR = 100_000_000n;
/** Amounts are whole multiples of EUR 100,000. */
const STEP_MINOR = 10_000_000n;

const FUND_NAME = 'fund:investai';
const FIRST_SIGNATURE = '2026-02-02';

/** Caps in EUR million. They add up to the EUR 20 billion of the fund. How the layers share that sum is not public. */
const TRANCHES = [
  { name: 'tranche:first-loss', rank: 1, kind: 'first-loss', capMillion: 4_000n },
  { name: 'tranche:mezzanine', rank: 2, kind: 'mezzanine', capMillion: 6_000n },
  { name: 'tranche:senior', rank: 3, kind: 'senior', capMillion: 10_000n },
] as const;
type TrancheName = (typeof TRANCHES)[number]['name'];

export interface Capital {
  readonly commitments: readonly CommitmentPlan[];
  /** By name of the facility: the signature that must precede a call for access to it (12b(4)). */
  readonly hostSignatures: ReadonlyMap<string, string>;
}

/** Establishes the fund and adds 150 commitments, each with its events up to the end of the programme. */
export function addCapital(
  commands: CommandList,
  random: Random,
  gigafactories: readonly Gigafactory[],
  financiers: readonly string[],
): Capital {
  addFund(commands);
  const plans = [
    ...gigafactories.flatMap((facility, index) => unionPlans(facility, index)),
    ...statePlans(gigafactories, random),
    ...eibPlans(random),
    ...privatePlans(gigafactories, financiers, random),
  ];
  const signatures = plans.map((plan) => addPledgeAndSignature(commands, plan));
  commands.add({
    name: FINANCIAL_CLOSE,
    path: `/v1/funds/{${FUND_NAME}}/financial-close`,
    body: { reachedOn: FINANCIAL_CLOSE_ON },
    after: signatures.flat(),
  });
  for (const plan of plans) addCourse(commands, random, plan);
  const hostPlans = plans.filter((plan) => gigafactories.some(({ name, hostState }) => isHost(plan, name, hostState)));
  return {
    commitments: plans,
    hostSignatures: new Map(hostPlans.map(({ facility, name }) => [facility ?? '', `signature:${name}`])),
  };
}

const isHost = (plan: CommitmentPlan, facility: string, hostState: string): boolean =>
  plan.partner === hostState && plan.facility === facility;

function addFund(commands: CommandList): void {
  commands.add({ name: FUND_NAME, path: '/v1/funds', body: { ...FUND } });
  for (const { name, rank, kind, capMillion } of TRANCHES) {
    commands.add({
      name,
      path: `/v1/funds/{${FUND_NAME}}/tranches`,
      body: { rank, kind, capMinor: String(capMillion * MILLION_EURO_MINOR) },
      answerField: 'trancheId',
    });
  }
}

/** EUR million per gigafactory and programme. The first is exactly the 17 % of Art. 12b(5); the others are lower. */
const UNION_MILLIONS: readonly (readonly [digitalEurope: bigint, horizonEurope: bigint, investEu: bigint])[] = [
  [300n, 260n, 222n],
  [320n, 280n, 200n],
  [350n, 250n, 100n],
  [260n, 250n, 240n],
];
/**
 * The gigafactory for which the Union buys access time instead of a part of the CAPEX, the other form in Art. 12b(5).
 */
const ACCESS_TIME_INDEX = 2;

function unionPlans({ name: facility }: Gigafactory, index: number): CommitmentPlan[] {
  const [digitalEurope = 0n, horizonEurope = 0n, investEu = 0n] = UNION_MILLIONS[index] ?? [];
  const key = facility.slice('facility:gigafactory-'.length);
  const [first, second, third] = UNION_PROGRAMMES;
  const parts = [
    { programme: first, millions: digitalEurope, course: 'paid' },
    { programme: second, millions: horizonEurope, course: 'called' },
    { programme: third, millions: investEu, course: 'part-paid' },
  ] as const;
  return parts.map(({ programme, millions, course }) => ({
    name: `commitment:union-${key}-${programme.toLowerCase().replaceAll(' ', '-')}`,
    partner: UNION.name,
    tranche: 'tranche:first-loss',
    facility,
    amountMinor: millions * MILLION_EURO_MINOR,
    kind: index === ACCESS_TIME_INDEX ? 'access-time-purchase' : 'capex',
    programme,
    source: SOURCES.investAi,
    signedOn: '2026-02-16',
    course,
  }));
}

/** Number of states per gigafactory beside the host. */
const PARTNER_STATES = 9;
const STATE_MILLIONS = { host: 420n, other: 470n };

/** For every gigafactory the host and nine other states together commit more than the Union, in two layers. */
function statePlans(gigafactories: readonly Gigafactory[], random: Random): CommitmentPlan[] {
  const courses: readonly Course[] = ['paid', 'called', 'signed', 'part-paid', 'amended'];
  const hosts = new Set(gigafactories.map(({ hostState }) => hostState));
  const others = random
    .shuffled(MEMBER_STATES)
    .map(({ country }) => stateOf(country))
    .filter((state) => !hosts.has(state));
  return gigafactories.flatMap(({ name: facility, hostState }, index) => {
    const partners = Array.from(
      { length: PARTNER_STATES },
      (_, offset) => others[(index * PARTNER_STATES + offset) % others.length] ?? hostState,
    );
    const shares = split(STATE_MILLIONS.other * MILLION_EURO_MINOR, PARTNER_STATES, random);
    const plan = (partner: string, amountMinor: bigint, tranche: TrancheName, course: Course, signedOn: string) => ({
      name: `commitment:${partner.slice('partner:'.length)}-${facility.slice('facility:gigafactory-'.length)}`,
      partner,
      tranche,
      facility,
      amountMinor,
      kind: 'capex' as const,
      course,
      signedOn,
    });
    const hostMinor = STATE_MILLIONS.host * MILLION_EURO_MINOR;
    return [
      plan(hostState, hostMinor, 'tranche:mezzanine', 'paid', FIRST_SIGNATURE),
      ...partners.map((partner, offset) => {
        const tranche = offset < 3 ? 'tranche:first-loss' : 'tranche:mezzanine';
        const course = courses[offset % courses.length] ?? 'signed';
        return plan(partner, shares[offset] ?? 0n, tranche, course, signatureDate(random));
      }),
    ];
  });
}

const EIB_COMMITMENTS = 10;

function eibPlans(random: Random): CommitmentPlan[] {
  const [eib, eif] = EIB_GROUP;
  const courses: readonly Course[] = ['called', 'paid', 'signed', 'distributed', 'pledged'];
  return Array.from({ length: EIB_COMMITMENTS }, (_, index) => ({
    name: `commitment:eib-group-${index + 1}`,
    partner: index < 7 ? eib.name : eif.name,
    tranche: index % 3 === 0 ? 'tranche:mezzanine' : 'tranche:senior',
    amountMinor: BigInt(random.integer(12, 24)) * 10n * MILLION_EURO_MINOR,
    kind: 'capex' as const,
    source: SOURCES.eibGroup,
    signedOn: signatureDate(random),
    course: courses[index % courses.length] ?? 'signed',
  }));
}

/** Number of private commitments by course. With the 62 public commitments they are the 150 commitments. */
const PRIVATE_COURSES: Readonly<Record<Course, number>> = {
  pledged: 12,
  signed: 14,
  amended: 10,
  called: 10,
  'part-paid': 8,
  paid: 18,
  distributed: 11,
  cancelled: 5,
};
const PRIVATE_MILLIONS = { mezzanine: 2_000n, senior: 8_200n };
const PRIVATE_MEZZANINE = 24;
const IN_KIND = 2;

function privatePlans(
  gigafactories: readonly Gigafactory[],
  financiers: readonly string[],
  random: Random,
): CommitmentPlan[] {
  const courses = random.shuffled(
    Object.entries(PRIVATE_COURSES).flatMap(([course, count]) => Array<Course>(count).fill(course as Course)),
  );
  const operators = gigafactories.map(({ operator }) => operator);
  const mezzanine = split(PRIVATE_MILLIONS.mezzanine * MILLION_EURO_MINOR, PRIVATE_MEZZANINE, random);
  const senior = split(PRIVATE_MILLIONS.senior * MILLION_EURO_MINOR, courses.length - PRIVATE_MEZZANINE, random);
  let inKindLeft = IN_KIND;
  return courses.map((course, index) => {
    const facility = index % 2 === 0 ? gigafactories[(index / 2) % gigafactories.length]?.name : undefined;
    const partner = operators[index] ?? financiers[index % financiers.length] ?? UNION.name;
    // A contribution in kind has no capital calls, so it is a commitment that is only signed.
    const isInKind = course === 'signed' && inKindLeft > 0;
    if (isInKind) inKindLeft -= 1;
    return {
      name: `commitment:private-${index + 1}`,
      partner,
      tranche: index < PRIVATE_MEZZANINE ? 'tranche:mezzanine' : 'tranche:senior',
      ...(facility === undefined ? {} : { facility }),
      amountMinor: mezzanine[index] ?? senior[index - PRIVATE_MEZZANINE] ?? 0n,
      kind: isInKind ? 'in-kind' : 'capex',
      signedOn: signatureDate(random),
      course,
    };
  });
}

/** A day between the host states' signatures and financial close. */
const signatureDate = (random: Random): string => businessDayFrom(addDays(FIRST_SIGNATURE, random.integer(7, 80)));

/** Splits an amount into unequal parts of whole steps. The rest from rounding is added to the first part. */
function split(totalMinor: bigint, count: number, random: Random): bigint[] {
  const weights = Array.from({ length: count }, () => random.magnitude(100, 1_500));
  const weightSum = BigInt(weights.reduce((sum, weight) => sum + weight, 0));
  const parts = weights.map((weight) => ((totalMinor * BigInt(weight)) / weightSum / STEP_MINOR) * STEP_MINOR);
  const rest = totalMinor - parts.reduce((sum, part) => sum + part, 0n);
  return parts.map((part, index) => (index === 0 ? part + rest : part));
}

/** Returns the names of the commands that must be answered before financial close. */
function addPledgeAndSignature(commands: CommandList, plan: CommitmentPlan): string[] {
  const { name, partner, tranche, facility, amountMinor, kind, programme, source, signedOn, course } = plan;
  commands.add({
    name,
    path: '/v1/commitments',
    body: {
      fundId: { ref: FUND_NAME },
      trancheId: { ref: tranche },
      partnerId: { ref: partner },
      ...(facility === undefined ? {} : { facilityId: { ref: facility } }),
      amountMinor: String(amountMinor),
      currency: FUND.currency,
      kind,
      ...(kind === 'in-kind' && { describes: 'equipment' }),
      ...(programme === undefined ? {} : { programme }),
      ...(source === undefined ? {} : { source }),
      illustrative: true,
    },
  });
  if (course === 'pledged') return [name];
  const signature = `signature:${name}`;
  // The ledger checks the Union's ceiling against the CAPEX, and the tranche's cap against the signed sum. Both are
  // recorded by now.
  commands.add({ name: signature, path: `/v1/commitments/{${name}}/signature`, body: { signedOn } });
  return [signature];
}
