/** Name of a ledger on its server, unless the URL names another. */
const LEDGER_DEFAULT = 'ppp-ledger';
/** In the names of streams a dot follows the name, so that streams of two ledgers never have the same prefix. */
const LEDGER_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
/** Scheme with user and hosts, path, query: the client gets all but the path. */
const PARTS =
  /^(?<scheme>[a-z]+)(?<discover>\+discover)?(?<authority>:\/\/[^/?#\s]+)(?:\/(?<ledger>[^?#\s]*))?(?:\?(?<query>[^#\s]*))?$/;
/** A call that takes longer has an unknown outcome. Milliseconds; `defaultDeadline` in the URL changes it. */
const DEADLINE_MS = 5_000;

export interface KurrentAddress {
  /** For the client. Holds a password: never log it. */
  readonly connectionString: string;
  /** Name of the ledger on the server. */
  readonly ledger: string;
}

/**
 * Parses `kurrentdb://user:password@host:2113/ledger?tls=true`. Several ledgers may share a server, each under its name.
 * The older name of the protocol, `esdb`, means the same.
 * @throws RangeError for an invalid name of a ledger
 */
export function parseKurrentUrl(url: string): KurrentAddress {
  const { scheme, discover = '', authority, ledger, query } = PARTS.exec(url.trim())?.groups ?? {};
  if (scheme === undefined || authority === undefined) throw new RangeError('This is no address of KurrentDB.');
  const name = ledger === undefined || ledger === '' ? LEDGER_DEFAULT : ledger.replace(/\/$/, '');
  if (!LEDGER_NAME.test(name))
    throw new RangeError(`"${name}" cannot be the name of a ledger: use up to 63 of a-z, 0-9, "-" and "_".`);
  const options = query === undefined || query === '' ? [] : query.split('&');
  if (!options.some((option) => /^default-?_?deadline=/i.test(option))) options.push(`defaultDeadline=${DEADLINE_MS}`);
  const protocol = scheme === 'esdb' ? 'kurrentdb' : scheme;
  return { connectionString: `${protocol}${discover}${authority}?${options.join('&')}`, ledger: name };
}

export function isLedgerOfUrl(url: string): boolean {
  try {
    parseKurrentUrl(url);
    return true;
  } catch {
    return false;
  }
}
