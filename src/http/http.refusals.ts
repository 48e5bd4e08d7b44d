import { ROLES } from '../ledger/command-context.js';
import { declareRefusals } from '../ledger/refusal-declaration.js';
import { listFact, optional, textFact, wholeFact, wordFact } from '../ledger/refusal-facts.js';

/** What a route refuses before a feature sees the request. */
export const HTTP_REFUSALS = declareRefusals({
  'malformed-request': {
    kind: 'malformed',
    means: 'The request could not be read.',
    next: 'Compare it with the OpenAPI document.',
  },
  'malformed-json': {
    kind: 'malformed',
    means: 'The body is not a JSON object.',
    next: 'Check quotes, commas and brackets at that place.',
    facts: {
      line: optional(wholeFact('Line of the fault, from 1.', 1)),
      column: optional(wholeFact('Character in the line, from 1.', 17)),
    },
  },
  'malformed-utf8': {
    kind: 'malformed',
    means: 'The body has bytes that are no UTF-8.',
    next: 'Encode the body as UTF-8.',
  },
  'name-repeated': {
    kind: 'malformed',
    means: 'An object of the body has two members of one name.',
    next: 'Send each name once.',
    facts: { name: textFact('The name that stands there twice.', 'amountMinor') },
  },
  'number-not-exact': {
    kind: 'malformed',
    means: 'A number of the body has another value when it is read as a double (IEEE 754), as programs read JSON.',
    next: 'Round it, or send an amount as a text.',
    facts: { number: textFact('The number as it was sent, at most its first 64 characters.', '9007199254740993') },
  },
  'malformed-url': {
    kind: 'malformed',
    means: 'The path has a "%" that begins no character of UTF-8.',
    next: 'Write two hexadecimal digits after each "%".',
  },
  'malformed-http': {
    kind: 'malformed',
    means: 'This is not a request of HTTP/1.1 to one host.',
    next: 'Check the first line, the headers and the length of the body.',
  },
  'malformed-parameter': {
    kind: 'malformed',
    means: 'A parameter of the path or of the query cannot be read, or is unknown.',
    next: 'Mend the parameters that errors names.',
  },
  'malformed-idempotency-key': {
    kind: 'malformed',
    means: 'The Idempotency-Key is not 1 to 255 visible ASCII characters.',
    next: 'Send a random UUID, for example.',
  },
  'malformed-if-match': {
    kind: 'malformed',
    means: 'If-Match is not an ETag of this service.',
    next: 'Send the ETag of the record as you read it, with its quotes.',
  },
  unauthenticated: {
    kind: 'unauthenticated',
    means: 'There is no credential, or one that is not valid here.',
    next: 'Send an API key or a token: "Authorization: Bearer <key>".',
  },
  'role-not-allowed': {
    kind: 'forbidden',
    means: 'The route needs a role that the credential does not have.',
    next: 'Use a credential with one of the needed roles.',
    facts: {
      needed: listFact('Roles of which one is needed.', wordFact('A role.', ROLES)),
      roles: listFact('Roles of the credential.', wordFact('A role.', ROLES)),
    },
  },
  'unknown-route': {
    kind: 'unknown',
    means: 'The service has no such path, or no such method on it.',
    next: 'Compare the path with the OpenAPI document.',
  },
  'unknown-problem': {
    kind: 'unknown',
    means: 'There is no problem with this code.',
    next: 'Take the code from GET /problems.',
    facts: { id: textFact('The code that was given.', 'no-such-problem') },
  },
  'method-not-allowed': {
    kind: 'method-not-allowed',
    means: 'The path has other methods than this one.',
    next: 'Use a method that Allow names.',
    facts: { allowed: optional(listFact('Methods of the path.', textFact('A method.', 'GET'))) },
  },
  'request-too-slow': {
    kind: 'too-slow',
    means: 'The request did not arrive completely in time.',
    next: 'Send it again, faster or in smaller parts.',
  },
  'no-table': {
    kind: 'unknown',
    means: 'This answer has no form as CSV.',
    next: 'Leave out ".csv".',
  },
  'body-too-large': {
    kind: 'too-large',
    means: 'The body is larger than this route takes.',
    next: 'Send less in one request.',
  },
  'chunk-extensions-too-large': {
    kind: 'too-large',
    means: 'The extensions of the chunks of the body have more than 16 KiB.',
    next: 'Send none.',
  },
  'headers-too-large': {
    kind: 'headers-too-large',
    means: 'The path and the headers have more than 16 KiB.',
    next: 'Send fewer or shorter ones.',
  },
  'unknown-expectation': {
    kind: 'expectation-failed',
    means: 'The request has an Expect header other than "100-continue".',
    next: 'Leave the header out.',
  },
  'unsupported-content-encoding': {
    kind: 'unsupported-media-type',
    means: 'The body is compressed.',
    next: 'Send it as it is, without Content-Encoding.',
  },
  'unsupported-charset': {
    kind: 'unsupported-media-type',
    means: 'The body is declared to have another charset than UTF-8.',
    next: 'Encode the body as UTF-8.',
  },
  'unsupported-media-type': {
    kind: 'unsupported-media-type',
    means: 'The body is not sent as JSON.',
    next: 'Send "Content-Type: application/json".',
  },
  'invalid-content': {
    kind: 'invalid',
    means: 'The body is JSON, and its content cannot be right.',
    next: 'Mend the fields that errors names.',
  },
  'json-too-deep': {
    kind: 'invalid',
    means: 'The body is nested too deep.',
    next: 'Flatten it.',
    facts: { limit: wholeFact('Levels that a body may have.', 16) },
  },
  'field-name-refused': {
    kind: 'invalid',
    means:
      'A field has a name that no field may have: one to which programs give a meaning of their own, or a very long one.',
    next: 'Remove the field that errors names.',
    facts: { limit: optional(wholeFact('Characters that a name may have, where it is too long.', 200)) },
  },
  'json-too-many-values': {
    kind: 'invalid',
    means:
      'The body has more values, one of its objects has more members, or one of its texts more characters, than it may have.',
    next: 'Send less at a time.',
    facts: { limit: wholeFact('How many there may be.', 10_000) },
  },
  'idempotency-key-repeated': {
    kind: 'invalid',
    means: 'Two commands of the call, or a command and the call, have the same key.',
    next: 'Give every command a key of its own.',
    facts: { key: textFact('The key that is there twice.', 'partner-register-2026-row-17') },
  },
  'idempotency-key-required': {
    kind: 'precondition-required',
    means: 'The Idempotency-Key is missing.',
    next: 'Send a random UUID, for example, and keep it for every retry of this command.',
  },
  'rate-limited': {
    kind: 'rate-limited',
    means: 'The credential, or the address without one, has sent more requests in a minute than are allowed.',
    next: 'Send the request again after the seconds of Retry-After.',
  },
  'too-many-reads': {
    kind: 'unavailable',
    means: 'More lists, reports of the past and large documents are asked for than are made at a time.',
    next: 'Send the request again after the seconds of Retry-After, and fewer at a time.',
  },
  'internal-error': {
    kind: 'internal',
    means: 'Something went wrong on our side.',
    next: 'Quote the traceId when you report it.',
  },
});

declare module '../ledger/refusal-declaration.js' {
  interface DeclaredRefusals extends Readonly<typeof HTTP_REFUSALS> {}
}
