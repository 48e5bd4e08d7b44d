import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';

/**
 * Whether the service is reached by TLS is known to whoever set it up, so no answer asks browsers for https: over plain http a page
 * would be blank. `Strict-Transport-Security` goes out where a proxy says that TLS is in front (`X-Forwarded-Proto`), for this host alone.
 */
const protect = helmet({
  contentSecurityPolicy: { directives: { 'script-src': ["'self'"], 'upgrade-insecure-requests': null } },
  strictTransportSecurity: false,
});

/** For an answer to a request that came by TLS. */
export const STRICT_TRANSPORT = { 'Strict-Transport-Security': 'max-age=31536000' } as const;

/** The headers that Helmet sets for browsers. They are the same for every answer, so they are computed once and not for each request. */
export function securityHeaders(): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => (headers[name] = value),
    removeHeader: () => undefined,
  };
  protect({} as IncomingMessage, response as unknown as ServerResponse, (error) => {
    if (error) throw error;
  });
  return headers;
}
