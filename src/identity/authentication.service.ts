import { createHash, timingSafeEqual } from 'node:crypto';
import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { PROGRAMME_ACTOR, ROLES, type Principal, type Role } from '../ledger/command-context.js';
import type { Ledger } from '../ledger/ledger.js';
import { Refusal } from '../ledger/refusal.js';
import { formatInstant } from '../ledger/time.js';
import { API_KEY_PATTERN, apiKey, isUsable } from './api-key.js';

/** For this time another instance may still accept a key that was revoked here. */
const KEY_STATE_AGE_MS_MAX = 1_000;
/** Signature algorithms accepted in tokens: asymmetric ones only, so that a public key can never serve as a secret. */
const TOKEN_ALGORITHMS = ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA'];
const CLOCK_TOLERANCE_S = 30;
/** As the document describes the id of an actor: it goes into every event that the actor makes. */
const ACTOR = /^[!-~]{1,2048}$/;
const TOKEN_INVALID = 'This token is not valid here.';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export interface AuthenticationSettings {
  /** The first operator key, from the environment. */
  readonly operatorKey?: string;
  readonly oidc?: { readonly issuer: string; readonly audience: string };
}

/** A credential that was accepted. */
export interface Identity {
  readonly principal: Principal;
  readonly kind: 'api-key' | 'operator-key' | 'token';
  /** Of an API key only. */
  readonly apiKeyId?: string;
  readonly name?: string;
  /** First instant at which the credential is refused. */
  readonly expiresAt?: string;
}

/** Identifies the caller by an API key, by the operator key of the environment, or by an OpenID Connect token. */
export class Authentication {
  private readonly operatorKeyHash: Buffer | undefined;
  private keys: JWTVerifyGetKey | undefined;

  constructor(
    private readonly ledger: Ledger,
    private readonly settings: AuthenticationSettings,
  ) {
    this.operatorKeyHash = settings.operatorKey === undefined ? undefined : sha256(settings.operatorKey);
  }

  /**
   * @param authorization the request's `Authorization` header
   * @throws Refusal (`unauthenticated`) that names the accepted credentials, and no details of the failure
   */
  async authenticate(authorization: string | undefined): Promise<Principal> {
    return (await this.identify(authorization)).principal;
  }

  /** As `authenticate`, with what the credential itself says. */
  async identify(authorization: string | undefined): Promise<Identity> {
    const [scheme, token, ...rest] = (authorization ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || !token || rest.length > 0) {
      throw unauthenticated('Send an API key or a token: "Authorization: Bearer <key>".');
    }
    const key = API_KEY_PATTERN.exec(token);
    if (key) return this.byApiKey(key[1] ?? '', token);
    if (this.operatorKeyHash && timingSafeEqual(sha256(token), this.operatorKeyHash)) {
      return { kind: 'operator-key', principal: { actorId: PROGRAMME_ACTOR, roles: ['operator'] } };
    }
    if (this.settings.oidc && token.split('.').length === 3) return this.byToken(token, this.settings.oidc);
    throw unauthenticated('This credential is not known here.');
  }

  private async byApiKey(id: string, token: string): Promise<Identity> {
    const { state } = await this.ledger.read(apiKey, id, KEY_STATE_AGE_MS_MAX);
    if (state.status === 'absent' || !timingSafeEqual(sha256(token), Buffer.from(state.keyHash, 'hex'))) {
      throw unauthenticated('This API key is not known here.');
    }
    if (!isUsable(state, Date.now())) throw unauthenticated('This API key has expired or was revoked.');
    const { name, roles, partnerId, expiresAt } = state;
    const terms = { apiKeyId: id, name, ...(expiresAt !== undefined && { expiresAt }) };
    return { kind: 'api-key', principal: principal(id, roles, partnerId), ...terms };
  }

  private async byToken(token: string, oidc: { issuer: string; audience: string }): Promise<Identity> {
    const { issuer, audience } = oidc;
    this.keys ??= createRemoteJWKSet(await jwksUri(issuer));
    try {
      const { payload } = await jwtVerify(token, this.keys, {
        issuer,
        audience,
        algorithms: TOKEN_ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_S,
        requiredClaims: ['sub', 'exp'],
      });
      const partnerId = payload['partner_id'];
      if (partnerId !== undefined && (typeof partnerId !== 'string' || !UUID.test(partnerId))) {
        throw unauthenticated('The claim "partner_id" of the token must be the id of a partner.');
      }
      const actor = `${issuer}#${payload.sub ?? ''}`;
      if (payload.sub === '' || !ACTOR.test(actor)) throw unauthenticated(TOKEN_INVALID);
      return {
        kind: 'token',
        principal: principal(actor, rolesOf(payload['roles']), partnerId),
        ...(payload.exp !== undefined && { expiresAt: formatInstant(Math.floor(payload.exp * 1_000)) }),
      };
    } catch (error) {
      if (error instanceof Refusal) throw error;
      if (isAboutTheToken(error)) throw unauthenticated(TOKEN_INVALID);
      throw new Refusal(
        'unavailable',
        'issuer-unreachable',
        'The keys of the token issuer could not be fetched. Try again in a moment.',
      );
    }
  }
}

/**
 * False if the keys could not be loaded. An issuer that answers with something else than its keys counts as
 * unreachable: the token may be valid, and its holder must not discard it.
 */
const isAboutTheToken = (error: unknown): boolean => error instanceof errors.JOSEError && !KEYS_MISSING.has(error.code);
/** Time-out; status other than 200, or no JSON; JSON that is not a key set. */
const KEYS_MISSING: ReadonlySet<string> = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID']);

async function jwksUri(issuer: string): Promise<URL> {
  const url = new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    const { jwks_uri: uri } = (await response.json()) as { jwks_uri?: string };
    return new URL(uri ?? '');
  } catch {
    throw new Refusal(
      'unavailable',
      'issuer-unreachable',
      'The token issuer could not be reached. Try again in a moment.',
    );
  }
}

function rolesOf(claim: unknown): Role[] {
  const named: unknown[] = Array.isArray(claim) ? claim : [];
  return ROLES.filter((role) => named.includes(role));
}

/** Roles of a bound credential. Without a partner such a credential would see the records of all partners. */
const BOUND_ROLES: readonly Role[] = ['partner', 'facility'];

function principal(actor: string, roles: readonly Role[], partnerId: string | undefined): Principal {
  if (partnerId === undefined) return { actorId: actor, roles: roles.filter((role) => !BOUND_ROLES.includes(role)) };
  return { actorId: partnerId, roles: roles.filter((role) => BOUND_ROLES.includes(role)), partnerId };
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
const unauthenticated = (detail: string): Refusal => new Refusal('unauthenticated', 'unauthenticated', detail);
