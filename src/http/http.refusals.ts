import { ROLES } from '../ledger/command-context.js';
import { declareRefusals } from '../ledger/refusal-declaration.js';
import { listFact, textFact, wholeFact, wordFact } from '../ledger/refusal-facts.js';

/** What a route refuses before a feature sees the request. */
export const HTTP_REFUSALS = declareRefusals({
  'malformed-request': {
    kind: 'malformed',
    means: 'The request could not be read.',
    next: 'Compare it with the OpenAPI document.',
  },
  'malformed-json': {
    kind: 'malformed',
    means: 'The body is not a JSON object in UTF-8.',
    next: 'Check quotes, commas, brackets and the encoding.',
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
    means: 'A field has a name that no field may have, because programs give that name a meaning of their own.',
    next: 'Remove the field that errors names.',
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
  'internal-error': {
    kind: 'internal',
    means: 'Something went wrong on our side.',
    next: 'Quote the traceId when you report it.',
  },
});

declare module '../ledger/refusal-declaration.js' {
  interface DeclaredRefusals extends Readonly<typeof HTTP_REFUSALS> {}
}
