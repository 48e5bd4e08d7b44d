/** What every ledger is called on its server that is not named otherwise. */
const LEDGER_DEFAULT = 'ppp-ledger';
/** A dot ends it in the names of streams, so that the streams of one ledger are never taken for those of another. */
const LEDGER_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
/** Scheme with hosts and user, path, query: what the client wants, and what it does not know, told apart. */
const PARTS =
  /^(?<scheme>[a-z]+)(?<discover>\+discover)?(?<authority>:\/\/[^/?#\s]+)(?:\/(?<ledger>[^?#\s]*))?(?:\?(?<query>[^#\s]*))?$/;
/** A call that takes longer has an unknown outcome. Milliseconds; `defaultDeadline` in the URL changes it. */
const DEADLINE_MS = 5_000;

export interface KurrentAddress {
  /** For the client. Holds a password: never log it. */
  readonly connectionString: string;
  /** Under which name the ledger lies on the server. */
  readonly ledger: string;
}

/**
 * Takes `kurrentdb://user:password@host:2113/ledger?tls=true` apart: several ledgers may share a server, each under its name.
 * The older name of the protocol, `esdb`, means the same.
 * @throws RangeError for a name that cannot be one of a ledger
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
