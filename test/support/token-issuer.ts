import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, generateKeyPair, type CryptoKey } from 'jose';

export const AUDIENCE = 'ppp-ledger';

export interface Key {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: object;
}

export async function keyNamed(kid: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } };
}

export type Claims = Readonly<Record<string, unknown>>;

/** A real issuer over HTTP. A test can make its discovery and its keys fail. */
export class Issuer {
  keys: readonly Key[] = [];
  discovery: 'answers' | 'fails' = 'answers';
  jwks: 'answers' | 'fails' | 'talks nonsense' = 'answers';
  private readonly server: Server = createServer((request, response) => {
    const { jwks } = this;
    if (request.url === '/.well-known/openid-configuration' && this.discovery === 'answers') {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ issuer: this.url, jwks_uri: `${this.url}/keys` }));
    } else if (request.url === '/keys' && jwks !== 'fails') {
      response.end(
        jwks === 'answers' ? JSON.stringify({ keys: this.keys.map(({ publicJwk }) => publicJwk) }) : '<html>',
      );
    } else {
      response.statusCode = 500;
      response.end('out of order');
    }
  });

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  start = () => new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  stop = () => new Promise<unknown>((resolve) => this.server.close(resolve));

  /** A valid token, except for the given claims; undefined leaves a claim out. */
  token(claims: Claims, key: Key, header: object = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const all = { iss: this.url, aud: AUDIENCE, sub: 'ana', exp: now + 600, roles: ['operator'], ...claims };
    return new SignJWT(all).setProtectedHeader({ alg: 'ES256', kid: key.kid, ...header }).sign(key.privateKey);
  }
}
