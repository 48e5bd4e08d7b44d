import { declareRefusals, unknownId } from '../ledger/refusal-declaration.js';

export const IDENTITY_REFUSALS = declareRefusals({
  'issuer-unreachable': {
    kind: 'unavailable',
    means: 'The issuer of the token could not be reached, so that the token cannot be checked.',
    next: 'Send the request again after the seconds of Retry-After.',
  },
  'unknown-api-key': unknownId(
    'There is no API key with this id.',
    'Take the id from the answer in which the key was issued.',
  ),
  'partner-required': {
    kind: 'invalid',
    means: 'The roles partner and facility need the partner that the key is bound to.',
    next: 'Give partnerId.',
  },
  'roles-not-for-a-partner': {
    kind: 'invalid',
    means: 'A key that is bound to a partner takes the roles partner and facility only.',
    next: 'Leave out partnerId or the other roles.',
  },
  expired: {
    kind: 'invalid',
    means: 'The key would have expired already.',
    next: 'Give an instant in the future.',
  },
  'api-key-revoked': {
    kind: 'conflict',
    means: 'The key has been revoked already.',
    next: 'Nothing needs to be done: the key is refused everywhere.',
  },
});

declare module '../ledger/refusal-declaration.js' {
  interface DeclaredRefusals extends Readonly<typeof IDENTITY_REFUSALS> {}
}
