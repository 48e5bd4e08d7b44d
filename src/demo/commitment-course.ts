import { addDays, businessDayFrom } from './calendar.js';
import type { CommandList } from './command-list.js';
import type { Random } from './random.js';

export const FINANCIAL_CLOSE = 'financial-close';
export const FINANCIAL_CLOSE_ON = '2026-05-11';

/** The last state that a commitment reaches in the two years. */
export type Course = 'pledged' | 'signed' | 'amended' | 'called' | 'part-paid' | 'paid' | 'distributed' | 'cancelled';

export interface CommitmentPlan {
  /** Name of the command that pledges the commitment. */
  readonly name: string;
  readonly partner: string;
  readonly tranche: string;
  readonly facility?: string;
  readonly amountMinor: bigint;
  readonly kind: 'capex' | 'access-time-purchase' | 'in-kind';
  readonly programme?: string;
  readonly source?: string;
  readonly signedOn: string;
  readonly course: Course;
}

/** Dates of issue of up to three calls, all after financial close. */
const CALL_DATES = ['2026-05-18', '2026-07-06', '2026-08-24'] as const;
/** Days of notice: many more than the required ten business days, whichever holidays lie between. */
const NOTICE_DAYS = 35;
const DISTRIBUTED_ON = '2026-10-19';

/** Adds the events of a commitment after its signature. */
export function addCourse(commands: CommandList, random: Random, plan: CommitmentPlan): void {
  const course = new CommitmentCourse(commands, random, plan);
  switch (plan.course) {
    case 'pledged':
    case 'signed':
      return;
    case 'amended':
      return course.amend();
    case 'called':
      course.call(0, random.integer(10, 30));
      return;
    case 'part-paid':
      return course.payInPart();
    case 'paid':
      course.payCalls(random.integer(1, CALL_DATES.length), random.integer(20, 33));
      return;
    case 'distributed':
      return course.distribute();
    case 'cancelled':
      return course.cancel();
  }
}

class CommitmentCourse {
  constructor(
    private readonly commands: CommandList,
    private readonly random: Random,
    private readonly plan: CommitmentPlan,
  ) {}

  /**
   * States only raise their amounts, because a lower amount could leave the Union unmatched. Others raise or lower
   * them.
   */
  amend(): void {
    const raises = this.plan.partner.startsWith('partner:state-') || this.random.chance(0.4);
    const deltaMinor = this.percent(raises ? this.random.integer(2, 5) : -this.random.integer(5, 20));
    const reason = raises ? 'Raised after the revised cost estimate.' : 'Lowered in the portfolio review.';
    this.add('amendment', 'amendments', { deltaMinor: String(deltaMinor), reason }, [FINANCIAL_CLOSE]);
    if (this.random.chance(0.5)) this.payCalls(1, 20);
  }

  payCalls(count: number, percent: number): void {
    for (let index = 0; index < count; index += 1) this.pay(this.call(index, percent), index, 100);
  }

  /** A call is paid in part and stays open. In half of the cases an earlier call was paid in full. */
  payInPart(): void {
    const earlier = this.random.integer(0, 1);
    this.payCalls(earlier, 20);
    this.pay(this.call(earlier, 30), earlier, this.random.integer(3, 8) * 10);
  }

  distribute(): void {
    this.payCalls(2, 45);
    const amountMinor = this.percent(this.random.integer(5, 12));
    const recallableMinor = this.random.chance(0.5) ? amountMinor / 2n : 0n;
    const body = {
      amountMinor: String(amountMinor),
      recallableMinor: String(recallableMinor),
      paidOn: DISTRIBUTED_ON,
    };
    this.add('distribution', 'distributions', body, [`payment:${this.key}-1`, `payment:${this.key}-2`]);
  }

  /** The commitment is cancelled before its first call, or after a paid call. */
  cancel(): void {
    const isCalled = this.random.chance(0.5);
    if (isCalled) this.payCalls(1, 20);
    const reason = 'The partner left the consortium; the unfunded part is released.';
    this.add('cancellation', 'cancellation', { reason }, isCalled ? [`payment:${this.key}-1`] : [FINANCIAL_CLOSE]);
  }

  /** Returns the called amount. */
  call(index: number, percent: number): bigint {
    const issuedOn = CALL_DATES[index] ?? CALL_DATES[0];
    const amountMinor = this.percent(percent);
    const dueOn = businessDayFrom(addDays(issuedOn, NOTICE_DAYS));
    this.commands.add({
      name: `call:${this.key}-${index + 1}`,
      path: `/v1/commitments/{${this.plan.name}}/calls`,
      body: { amountMinor: String(amountMinor), issuedOn, dueOn },
      answerField: 'callId',
      after: [FINANCIAL_CLOSE, ...(index === 0 ? [] : [`call:${this.key}-${index}`])],
    });
    return amountMinor;
  }

  private pay(calledMinor: bigint, index: number, percent: number): void {
    const issuedOn = CALL_DATES[index] ?? CALL_DATES[0];
    const call = `call:${this.key}-${index + 1}`;
    const paidOn = businessDayFrom(addDays(issuedOn, this.random.integer(NOTICE_DAYS - 10, NOTICE_DAYS + 4)));
    this.commands.add({
      name: `payment:${this.key}-${index + 1}`,
      path: `/v1/commitments/{${this.plan.name}}/calls/{${call}}/payments`,
      body: { amountMinor: String((calledMinor * BigInt(percent)) / 100n), paidOn },
    });
  }

  private add(kind: string, route: string, body: Readonly<Record<string, string>>, after: readonly string[]): void {
    this.commands.add({
      name: `${kind}:${this.key}`,
      path: `/v1/commitments/{${this.plan.name}}/${route}`,
      body,
      after,
    });
  }

  private get key(): string {
    return this.plan.name.slice('commitment:'.length);
  }

  /** A percentage of the signed amount. */
  private percent(percent: number): bigint {
    return (this.plan.amountMinor * BigInt(percent)) / 100n;
  }
}
