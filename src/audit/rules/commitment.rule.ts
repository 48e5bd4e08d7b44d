import { idOf } from '../../ledger/aggregate.js';
import { recordedSchema } from '../../ledger/event.js';
import type { Findings } from '../audit-finding.js';
import {
  balance,
  BOOKED_SINCE_SCHEMA,
  move,
  openBook,
  TERMS,
  termsOf,
  type Book,
  type Signatory,
} from './commitment-book.js';
import { AcceptanceRequired } from './acceptance.js';
import type { EventOf, TypeOf } from './coverage.js';
import { Partitions } from './partitions.js';
import { dataOf, Facts, findingOf, runCheck, only, Violation, type LogEnd, type Rule } from './rule.js';

type CommitmentRow = readonly [
  commitmentId: string,
  position: number,
  stream: string,
  type: Exclude<TypeOf<'commitments'>, 'policy-adopted'>,
  commandId: string,
  signatory: Signatory,
  schema: number,
  ...members: unknown[],
];

const WANTED = [
  ...TERMS,
  'acceptedOn',
  'amountMinor',
  'callId',
  'decreaseRequestId',
  'deltaMinor',
  'describes',
  'issuedOn',
  'paidOn',
  'recallableMinor',
  'releasedMinor',
  'requestId',
  'signedOn',
  'unfundedDeltaMinor',
];

/** Money of every commitment, by conservation. */
export class CommitmentRule implements Rule<'commitments'> {
  readonly check = 'commitments';
  readonly statement =
    'Of every commitment unfunded = committed - called + recallable, never below 0; paid <= called for every call; what is ' +
    'committed is booked to its layer and its facility by the same command, to the cent. Where the policy signature-acceptance ' +
    'required it, no partner signed what the operator had not accepted. What is given in kind is described, and is not access time (Art. ' +
    '12b(10)). Nothing is distributed to who paid nothing in, or made callable again beyond what was paid in. An accepted decrease is the one ' +
    'that the partner asked for.';
  private readonly rows = new Partitions<CommitmentRow>();
  private readonly acceptance = new AcceptanceRequired();

  constructor(private readonly findings: Findings) {}

  accept(event: EventOf<'commitments'>): void {
    const { position, stream, type, commandId, recordedAt } = event;
    runCheck(this.check, this.findings, () => {
      if (type === 'policy-adopted') return this.acceptance.adopted(Facts.of(event));
      const isBooking = type === 'tranche-subscribed' || type === 'contribution-recorded';
      const id = isBooking ? Facts.of(event).text('commitmentId') : idOf(stream, 'commitment');
      const signatory = this.signatoryOf(event.actor, recordedAt);
      this.rows.add(id, [
        id,
        position,
        stream,
        type,
        commandId,
        signatory,
        recordedSchema(event),
        ...only(event.data, WANTED),
      ]);
    });
  }

  finish(end: LogEnd): void {
    for (const rows of this.rows) this.checkRows(rows, end);
  }

  close(): void {
    this.rows.close();
  }

  private signatoryOf(actor: unknown, recordedAt: string): Signatory {
    if ((actor as { role?: unknown } | null | undefined)?.role === 'operator') return 'operator';
    return this.acceptance.at(recordedAt) ? 'needs-acceptance' : 'partner';
  }

  private checkRows(rows: Iterable<CommitmentRow>, { lastCommandId }: LogEnd): void {
    const books = new Map<string, Book>();
    const broken = new Set<string>();
    for (const row of rows) {
      const [id, position, stream, type, commandId, , , ...members] = row;
      if (broken.has(id)) continue;
      const facts = new Facts({ position, stream, type }, dataOf(WANTED, members));
      const isRight = runCheck(this.check, this.findings, () => {
        const book = books.get(id);
        if (book !== undefined) entered(book, commandId, facts);
        books.set(id, apply(book, row, facts));
      });
      if (!isRight) broken.add(id);
    }
    for (const [id, book] of books) {
      // The checkpoint may end within the last command.
      if (broken.has(id) || book.command.id === lastCommandId) continue;
      const open = unbooked(book);
      if (open !== undefined) this.findings.add(findingOf(this.check, open));
    }
  }
}

/** The next command begins: the command before it must be booked completely. */
function entered(book: Book, commandId: string, { place }: Facts): void {
  if (book.command.id === commandId) return;
  const open = unbooked(book);
  if (open !== undefined) throw open;
  book.command = { id: commandId, place };
}

function unbooked({ trancheMinor, facilityMinor, command }: Book): Violation | undefined {
  if (trancheMinor === 0n && facilityMinor === 0n) return undefined;
  const where = trancheMinor === 0n ? 'facility' : 'layer of the fund';
  return new Violation(command.place, `What is committed is not what is booked to the ${where} by the same command.`, {
    expected: '0',
    found: String(trancheMinor === 0n ? facilityMinor : trancheMinor),
  });
}

function apply(book: Book | undefined, [, , , type, commandId, signatory, schema]: CommitmentRow, facts: Facts): Book {
  if (type === 'commitment-pledged') {
    facts.require(book === undefined, 'The commitment is pledged a second time.');
    return openBook(commandId, facts, schema);
  }
  if (book === undefined) throw new Violation(facts.place, 'The commitment is used before it is pledged.');
  if (type === 'tranche-subscribed' || type === 'contribution-recorded') booked(book, type, facts, schema);
  else {
    facts.requireSame(termsOf(facts.data), book.terms, 'The event has other terms than the pledge.');
    move(book, type, signatory, facts, schema);
    balance(book, facts);
  }
  return book;
}

/** The other side of the books: the events of the layer and of the facility in the same command. */
function booked(book: Book, type: 'tranche-subscribed' | 'contribution-recorded', facts: Facts, schema: number): void {
  const deltaMinor = facts.minor('deltaMinor');
  const [aggregate, id] =
    type === 'tranche-subscribed' ? (['fund', 'fundId'] as const) : (['facility', 'facilityId'] as const);
  const same =
    type === 'tranche-subscribed'
      ? ['trancheId', 'partnerId', 'partnerKind', 'facilityId']
      : ['partnerId', 'partnerKind', 'kind', 'currency'];
  facts.require(
    idOf(facts.place.stream, aggregate) === book.data[id],
    `The commitment is for another ${aggregate}.`,
    book.data[id],
    facts.place.stream,
  );
  for (const name of same) {
    facts.requireSame(facts.data[name], book.data[name], `${name} is not that of the commitment.`);
  }
  if (schema >= BOOKED_SINCE_SCHEMA) checkBooking(book, type, facts);
  if (type === 'tranche-subscribed') book.trancheMinor -= deltaMinor;
  else book.facilityMinor -= deltaMinor;
}

function checkBooking(book: Book, type: 'tranche-subscribed' | 'contribution-recorded', facts: Facts): void {
  if (type === 'contribution-recorded') {
    facts.requireSame(facts.text('signedOn'), book.signedOn, 'The contribution states another day of the signature.');
    return;
  }
  facts.requireSame(facts.text('kind'), book.data['kind'], 'kind is not that of the commitment.');
  const isUndescribed = book.isSigning && book.data['kind'] === 'in-kind' && book.describes === undefined;
  facts.require(!isUndescribed, 'A contribution in kind is signed that nobody described (Art. 12b(10)).');
  book.isSigning = false;
}
