import { createHash, randomBytes } from 'node:crypto';
import { ROLES, type Role } from '../ledger/command-context.js';
import { nobody, unknownEvent, type Aggregate } from '../ledger/aggregate.js';
import { invalid, refuse } from '../ledger/refusal.js';
import { id, instant, list, object, oneOf, optional, sha256, text, type ValueOf } from '../ledger/schema.js';
import { parseInstant, type EpochMs } from '../ledger/time.js';

const issued = object({
  name: text('Purpose of the key.'),
  roles: list(oneOf(ROLES)),
  partnerId: optional(id('The partner that the key is bound to.')),
  expiresAt: optional(instant('First instant at which the key is refused.')),
  keyHash: sha256('SHA-256 of the key, hex. The key has 256 random bits, so its hash may be public.'),
});
const revoked = object({});

export type ApiKeyEvent =
  | { readonly type: 'api-key-issued'; readonly data: ValueOf<typeof issued> }
  | { readonly type: 'api-key-revoked'; readonly data: ValueOf<typeof revoked> };

export type ApiKey =
  { readonly status: 'absent' } | ({ readonly status: 'active' | 'revoked' } & ValueOf<typeof issued>);

export const apiKey: Aggregate<ApiKey, ApiKeyEvent> = {
  name: 'api-key',
  initial: { status: 'absent' },
  events: {
    'api-key-issued': {
      schema: 1,
      data: issued,
      concerns: ({ data: { partnerId } }) => (partnerId === undefined ? [] : [partnerId]),
      says: ({ data }) =>
        `The key "${data.name}" was issued with the roles ${data.roles.join(', ')}. Only its hash is recorded.`,
    },
    'api-key-revoked': {
      schema: 1,
      data: revoked,
      concerns: nobody,
      says: () => 'The key was revoked and cannot be used any more.',
    },
  },
  exists: (state) => state.status !== 'absent',
  evolve(state, event) {
    switch (event.type) {
      case 'api-key-issued':
        return { status: 'active', ...event.data };
      case 'api-key-revoked':
        return state.status === 'absent' ? state : { ...state, status: 'revoked' };
      default:
        return unknownEvent('api-key', event);
    }
  },
};

/**
 * `ppp_<id>_<43 characters of secret>`. Secret scanners recognise the prefix, and the id names the record of the key.
 */
export const API_KEY_PATTERN = /^ppp_([0-9a-f-]{36})_[A-Za-z0-9_-]{43}$/;
const SECRET_BYTES = 32;

/** The random part of a key. */
export const newSecret = (): Buffer => randomBytes(SECRET_BYTES);

/** Makes a key. Only its hash is stored. */
export function makeApiKey(id: string, secret: Buffer): { key: string; keyHash: string } {
  const key = `ppp_${id}_${secret.toString('base64url')}`;
  return { key, keyHash: createHash('sha256').update(key).digest('hex') };
}

/**
 * Issues a key. A key is either bound to a partner (roles `partner`, `facility`) or belongs to the programme (the other
 * roles). A key with roles of both kinds could act for a partner and decide on the same partner.
 */
export function issueApiKey(
  input: { name: string; roles: readonly Role[]; partnerId?: string; expiresAt?: string },
  keyHash: string,
  now: string,
): ApiKeyEvent[] {
  const bound = input.roles.filter((role) => role === 'partner' || role === 'facility');
  if (bound.length > 0 && input.partnerId === undefined) {
    throw invalid(
      'partner-required',
      '/partnerId',
      `The role ${bound.join(', ')} needs the partner that the key is bound to.`,
    );
  }
  if (input.partnerId !== undefined && bound.length < input.roles.length) {
    throw invalid(
      'roles-not-for-a-partner',
      '/roles',
      'A key that is bound to a partner takes the roles partner and facility only.',
    );
  }
  if (input.expiresAt !== undefined && parseInstant(input.expiresAt) <= parseInstant(now)) {
    throw invalid('expired', '/expiresAt', 'The key would have expired already. Give an instant in the future.');
  }
  const { name, roles, partnerId, expiresAt } = input;
  const data = { name, roles, ...(partnerId && { partnerId }), ...(expiresAt && { expiresAt }), keyHash };
  return [{ type: 'api-key-issued', data }];
}

export function revokeApiKey(state: ApiKey): ApiKeyEvent[] {
  if (state.status === 'revoked') throw refuse('api-key-revoked', 'This key has been revoked already.');
  return [{ type: 'api-key-revoked', data: {} }];
}

export function isUsable(state: ApiKey, at: EpochMs): boolean {
  return state.status === 'active' && (state.expiresAt === undefined || at < parseInstant(state.expiresAt));
}
