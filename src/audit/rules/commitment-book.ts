import { notCovered, type TypeOf } from './coverage.js';
import { Violation, type Facts, type Place } from './rule.js';

/** Members that every event of a commitment repeats. */
export const TERMS = [
  'fundId',
  'trancheId',
  'trancheRank',
  'trancheKind',
  'partnerId',
  'partnerKind',
  'facilityId',
  'currency',
  'kind',
];

/** The books of one commitment. Money neither appears nor vanishes: `unfunded = committed - called + recallable`, always. */
export interface Book {
  readonly terms: string;
  readonly data: Readonly<Record<string, unknown>>;
  status: 'pledged' | 'signed' | 'cancelled';
  readonly pledgedMinor: bigint;
  /** What is given in kind; undefined for money, and for pledges from before the ledger asked. */
  readonly describes: string | undefined;
  /** The command signs, so that its booking decides whether the pledge had to be described. */
  isSigning: boolean;
  /** What the partner asks to take away; no amount stands for a cancellation. */
  request: { readonly id: string; readonly amountMinor: bigint | undefined } | undefined;
  /** Day of the earliest payment. */
  firstPaidOn: string | undefined;
  isAccepted: boolean;
  signedOn: string;
  committedMinor: bigint;
  calledMinor: bigint;
  paidMinor: bigint;
  recallableMinor: bigint;
  unfundedMinor: bigint;
  readonly calls: Map<string, { readonly amountMinor: bigint; readonly issuedOn: string; paidMinor: bigint }>;
  /** Amounts that are not yet booked to the layer and to the facility. Both are zero at the end of every command. */
  trancheMinor: bigint;
  facilityMinor: bigint;
  command: { readonly id: string; readonly place: Place };
}

/** From this schema on a pledge in kind says what is given. */
const DESCRIBED_SINCE_SCHEMA = 2;
/** From this schema on a distribution follows a payment, and what becomes callable again was paid in. */
const PAID_IN_SINCE_SCHEMA = 2;
/** From this schema on a contribution states the day of the signature, and a booking the kind of the commitment. */
export const BOOKED_SINCE_SCHEMA = 2;

/** Opens the books with a pledge. */
export function openBook(commandId: string, facts: Facts, schema: number): Book {
  if (schema >= DESCRIBED_SINCE_SCHEMA) checkDescription(facts);
  return {
    describes: facts.optional('describes'),
    isSigning: false,
    request: undefined,
    firstPaidOn: undefined,
    terms: termsOf(facts.data),
    data: facts.data,
    status: 'pledged',
    pledgedMinor: facts.positiveMinor('amountMinor'),
    isAccepted: false,
    signedOn: '',
    committedMinor: 0n,
    calledMinor: 0n,
    paidMinor: 0n,
    recallableMinor: 0n,
    unfundedMinor: 0n,
    calls: new Map(),
    trancheMinor: 0n,
    facilityMinor: 0n,
    command: { id: commandId, place: facts.place },
  };
}

function checkDescription(facts: Facts): void {
  const describes = facts.optional('describes');
  const isInKind = facts.text('kind') === 'in-kind';
  facts.require(
    isInKind === (describes !== undefined),
    'A pledge in kind says what is given, and no other pledge does.',
  );
  facts.require(
    describes !== 'access-time',
    'Donated access time is pledged as a contribution in kind (Art. 12b(10)).',
  );
}

export const termsOf = (data: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(TERMS.map((name) => data[name] ?? null));

/** The events that move money of a pledge: its own, and not the bookings of its layer and its facility. */
type MoveType = Exclude<
  TypeOf<'commitments'>,
  'policy-adopted' | 'commitment-pledged' | 'tranche-subscribed' | 'contribution-recorded'
>;

/** Who recorded an event of a commitment: the operator, or another role, for which a policy may require an acceptance. */
export type Signatory = 'operator' | 'partner' | 'needs-acceptance';

/** Books one event of the commitment. */
export function move(book: Book, type: MoveType, signatory: Signatory, facts: Facts, schema: number): void {
  if (type === 'commitment-accepted') return accept(book, signatory, facts);
  if (type === 'commitment-signed') return sign(book, signatory, facts);
  if (type === 'commitment-cancelled') {
    answer(book, signatory, undefined, facts);
    return cancel(book, facts);
  }
  const isAllowed = book.status === 'signed' || (book.status === 'cancelled' && OUTLASTING.has(type));
  facts.require(isAllowed, `The commitment is ${book.status}.`, 'signed', book.status);
  switch (type) {
    case 'commitment-amended': {
      const deltaMinor = facts.minor('deltaMinor');
      answer(book, signatory, -deltaMinor, facts);
      facts.require(deltaMinor !== 0n, 'An amendment of 0 changes nothing.');
      if (deltaMinor > 0n) requireAccepted(signatory, facts);
      return commit(book, deltaMinor, facts);
    }
    case 'decrease-requested':
      return request(book, facts);
    case 'capital-call-issued':
      return issueCall(book, facts);
    case 'capital-call-paid':
      return pay(book, facts);
    case 'distribution-paid':
      return distribute(book, facts, schema >= PAID_IN_SINCE_SCHEMA);
    default:
      return notCovered(type);
  }
}

/** Events that a cancelled commitment may still have: open calls are paid, and paid-in capital earns distributions. */
const OUTLASTING: ReadonlySet<MoveType> = new Set(['capital-call-paid', 'distribution-paid']);

function accept(book: Book, signatory: Signatory, facts: Facts): void {
  facts.requireSame(signatory, 'operator', 'Only the operator accepts a pledge.');
  facts.requireSame(book.status, 'pledged', 'Only a pledge is accepted.');
  facts.require(!book.isAccepted, 'The pledge is accepted a second time.');
  facts.requireSame(facts.minor('amountMinor'), book.pledgedMinor, 'Another amount is accepted than was pledged.');
  facts.date('acceptedOn');
  book.isAccepted = true;
}

/** A partner asks for a decrease. The latest request is the one that may be accepted. */
function request(book: Book, facts: Facts): void {
  const hasAmount = facts.data['amountMinor'] !== undefined;
  const amountMinor = hasAmount ? facts.positiveMinor('amountMinor') : undefined;
  const isWithin = amountMinor === undefined || amountMinor <= book.unfundedMinor;
  facts.require(isWithin, 'More is asked for than is unfunded.', `at most ${book.unfundedMinor}`, amountMinor);
  book.request = { id: facts.text('requestId'), amountMinor };
}

/** An amendment or a cancellation that names a request accepts exactly what was asked for, and the operator does so. */
function answer(book: Book, signatory: Signatory, amountMinor: bigint | undefined, facts: Facts): void {
  const requestId = facts.optional('decreaseRequestId');
  if (requestId === undefined) return;
  const { request: open } = book;
  facts.requireSame(requestId, open?.id, 'The event accepts a request that does not wait.');
  facts.requireSame(amountMinor, open?.amountMinor, 'Another decrease is accepted than was asked for.');
  facts.requireSame(signatory, 'operator', 'Only the operator accepts a decrease.');
  book.request = undefined;
}

function requireAccepted(signatory: Signatory, facts: Facts): void {
  facts.require(
    signatory !== 'needs-acceptance',
    'A partner bound itself by its own key to what the operator had not accepted, though a policy required it.',
  );
}

function sign(book: Book, signatory: Signatory, facts: Facts): void {
  facts.requireSame(book.status, 'pledged', 'Only a pledge is signed, and once.');
  const amountMinor = facts.minor('amountMinor');
  facts.requireSame(amountMinor, book.pledgedMinor, 'Another amount is signed than was pledged.');
  if (!book.isAccepted) requireAccepted(signatory, facts);
  book.status = 'signed';
  book.signedOn = facts.text('signedOn');
  book.isSigning = true;
  commit(book, amountMinor, undefined);
}

/**
 * Changes the committed amount, and with it the unfunded part. A signature does not state its effect on the unfunded part.
 */
function commit(book: Book, deltaMinor: bigint, facts: Facts | undefined): void {
  book.committedMinor += deltaMinor;
  book.trancheMinor += deltaMinor;
  if (book.data['facilityId'] !== undefined) book.facilityMinor += deltaMinor;
  if (facts === undefined) book.unfundedMinor += deltaMinor;
  else unfund(book, deltaMinor, facts);
}

/** The stated effect on the unfunded part must follow from the amounts of the event. */
function unfund(book: Book, deltaMinor: bigint, facts: Facts): void {
  const stated = facts.minor('unfundedDeltaMinor');
  facts.requireSame(stated, deltaMinor, 'The stated effect on the unfunded part is not that of the amounts.');
  book.unfundedMinor += stated;
}

function issueCall(book: Book, facts: Facts): void {
  const amountMinor = facts.positiveMinor('amountMinor');
  const [callId, issuedOn] = [facts.text('callId'), facts.text('issuedOn')];
  facts.require(!book.calls.has(callId), `The call ${callId} is issued a second time.`);
  facts.require(
    issuedOn >= book.signedOn,
    'The call is from before the signature.',
    `${book.signedOn} or later`,
    issuedOn,
  );
  book.calls.set(callId, { amountMinor, issuedOn, paidMinor: 0n });
  book.calledMinor += amountMinor;
  unfund(book, -amountMinor, facts);
}

function pay(book: Book, facts: Facts): void {
  const amountMinor = facts.positiveMinor('amountMinor');
  const call = book.calls.get(facts.text('callId'));
  if (call === undefined) throw new Violation(facts.place, 'The payment is on a call that was never issued.');
  call.paidMinor += amountMinor;
  book.paidMinor += amountMinor;
  const paidOn = facts.text('paidOn');
  const { firstPaidOn = paidOn } = book;
  book.firstPaidOn = firstPaidOn < paidOn ? firstPaidOn : paidOn;
  facts.require(
    call.paidMinor <= call.amountMinor,
    'More is paid than was called.',
    `at most ${call.amountMinor}`,
    call.paidMinor,
  );
  facts.require(
    facts.text('paidOn') >= call.issuedOn,
    'The payment is from before its call.',
    call.issuedOn,
    facts.text('paidOn'),
  );
}

function distribute(book: Book, facts: Facts, isOfPaidIn: boolean): void {
  const amountMinor = facts.positiveMinor('amountMinor');
  const recallableMinor = facts.minor('recallableMinor');
  const { signedOn, status } = book;
  const paidOn = facts.text('paidOn');
  facts.require(signedOn !== '', 'The commitment was never signed.');
  facts.require(paidOn >= signedOn, 'The distribution is from before the signature.', `${signedOn} or later`, paidOn);
  const isFinal = status !== 'cancelled' || recallableMinor === 0n;
  facts.require(isFinal, 'A part becomes callable again after the cancellation.', '0', recallableMinor);
  facts.require(
    recallableMinor >= 0n && recallableMinor <= amountMinor,
    'The recallable part is not a part of the distribution.',
    `0 to ${amountMinor}`,
    recallableMinor,
  );
  if (isOfPaidIn) {
    const { firstPaidOn, paidMinor } = book;
    const isPaidIn = firstPaidOn !== undefined && paidOn >= firstPaidOn;
    facts.require(isPaidIn, 'Money is distributed before anything was paid in.', firstPaidOn ?? 'a payment', paidOn);
    const leftMinor = paidMinor - book.recallableMinor;
    const message = 'More becomes callable again than was paid in and is not recallable yet.';
    facts.require(recallableMinor <= leftMinor, message, `at most ${leftMinor}`, recallableMinor);
  }
  book.recallableMinor += recallableMinor;
  unfund(book, recallableMinor, facts);
}

function cancel(book: Book, facts: Facts): void {
  facts.require(book.status !== 'cancelled', 'The commitment is cancelled a second time.');
  const releasedMinor = facts.minor('releasedMinor');
  facts.requireSame(releasedMinor, book.unfundedMinor, 'A cancellation releases the unfunded part.');
  book.status = 'cancelled';
  commit(book, -releasedMinor, facts);
}

/** The invariants after every event. */
export function balance(
  { committedMinor, calledMinor, paidMinor, recallableMinor, unfundedMinor }: Book,
  facts: Facts,
): void {
  const expected = committedMinor - calledMinor + recallableMinor;
  facts.requireSame(unfundedMinor, expected, 'Unfunded is not committed - called + recallable.');
  const isWithin = unfundedMinor >= 0n && unfundedMinor <= committedMinor;
  facts.require(
    isWithin,
    'The unfunded part is not a part of what is committed.',
    `0 to ${committedMinor}`,
    unfundedMinor,
  );
  facts.require(paidMinor <= calledMinor, 'More is paid than was called.', `at most ${calledMinor}`, paidMinor);
}
