/** The values of libpq's `target_session_attrs`: which servers of a URL may be used. */
export const SESSIONS = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'] as const;
export type SessionWanted = (typeof SESSIONS)[number];

/** One server of a database URL. */
export interface DatabaseServer {
  /** For messages: host and port, without credentials. */
  readonly name: string;
  /** The URL with this server alone. Holds a password: never log it. */
  readonly url: string;
}

export interface DatabaseAddress {
  /** At least one, in the order in which they are tried. */
  readonly servers: readonly DatabaseServer[];
  /** Undefined if the URL does not set it. */
  readonly session: SessionWanted | undefined;
}

/** The URL cannot be used. The message names the reason and repeats nothing that may be secret. */
class DatabaseUrlError extends Error {}

/** More hosts are a typing error: a caller may have to wait for a connection attempt to each. */
const SERVERS_MAX = 16;
const PORT_DEFAULT = '5432';
/** Scheme, credentials, hosts, database and parameters. The class `URL` cannot parse several hosts. */
const DATABASE_URL =
  /^(?<scheme>postgres(?:ql)?:\/\/)(?<credentials>[^@/?#\s]*@)?(?<hosts>[^@/?#\s]*)(?<path>\/[^/?#\s]*)?(?:\?(?<query>[^#\s]*))?$/;

/**
 * Parses a database URL as libpq does ("Connection URIs"): `postgres://user@one:5432,two:5433/db`, or the hosts, which may be
 * the folders of Unix sockets, as lists in the parameters `host` and `port`.
 * @throws DatabaseUrlError
 */
export function readDatabaseUrl(url: string): DatabaseAddress {
  const parts = DATABASE_URL.exec(url)?.groups;
  if (!parts) throw new DatabaseUrlError('it is not of the form postgres://user:password@host:5432/database');
  const { scheme = '', credentials = '', hosts = '', path = '', query = '' } = parts;
  const parameters = query.split('&').filter((parameter) => parameter !== '');
  const session = readSession(valueOf(parameters, 'target_session_attrs'));
  const others = without(parameters, ['target_session_attrs']);
  const listed = valueOf(parameters, 'host');
  const servers =
    listed === undefined
      ? hosts.split(',').map((host) => ({
          name: hostName(host),
          url: scheme + credentials + host + path + queryOf(others),
        }))
      : hostsAndPorts(listed, valueOf(parameters, 'port')).map(({ host, port }) => ({
          name: `${host}:${port}`,
          url:
            scheme +
            credentials +
            // `URL` needs a host; libpq uses the one in the parameters.
            `localhost${path}` +
            queryOf([...without(others, ['host', 'port']), `host=${encodeURIComponent(host)}`, `port=${port}`]),
        }));
  if (servers.length > SERVERS_MAX) throw new DatabaseUrlError(`it names more than ${SERVERS_MAX} hosts`);
  return { servers, session };
}

function readSession(text: string | undefined): SessionWanted | undefined {
  if (text === undefined) return undefined;
  const session = SESSIONS.find((candidate) => candidate === text);
  if (session === undefined) throw new DatabaseUrlError(`target_session_attrs must be one of ${SESSIONS.join(', ')}`);
  return session;
}

function hostsAndPorts(hostList: string, portList = PORT_DEFAULT): readonly { host: string; port: string }[] {
  const hosts = hostList.split(',');
  const ports = portList.split(',');
  if (ports.length !== 1 && ports.length !== hosts.length) {
    throw new DatabaseUrlError(
      `it names ${hosts.length} hosts and ${ports.length} ports: give one port, or one for each`,
    );
  }
  return hosts.map((host, index) => {
    const port = ports[index] ?? ports[0] ?? PORT_DEFAULT;
    if (host === '') throw new DatabaseUrlError('one of its hosts is empty');
    if (!/^[1-9]\d{0,4}$/.test(port)) throw new DatabaseUrlError('one of its ports is no number');
    return { host, port };
  });
}

/** The server of one host in the list before the path. */
function hostName(host: string): string {
  const name = decodeURIComponent(host);
  return /:\d+$/.test(name) ? name : `${name}:${PORT_DEFAULT}`;
}

function valueOf(parameters: readonly string[], name: string): string | undefined {
  return new URLSearchParams(parameters.join('&')).get(name) ?? undefined;
}

/** Works on the text, so that the remaining parameters are passed on as they were written. */
const without = (parameters: readonly string[], names: readonly string[]): readonly string[] =>
  parameters.filter((parameter) => !names.includes(parameter.split('=', 1)[0] ?? ''));

const queryOf = (parameters: readonly string[]): string => (parameters.length === 0 ? '' : `?${parameters.join('&')}`);

/** The answer of a server about a new session. */
export interface ServerSession {
  readonly isStandby: boolean;
  readonly isReadOnly: boolean;
}

/**
 * Why the server of a session is not of the wanted kind; undefined if it is.
 * @param isLastResort true after no server was of the wanted kind: then a preference does not count
 */
export function objectionTo(
  { isStandby, isReadOnly }: ServerSession,
  wanted: SessionWanted,
  isLastResort: boolean,
): string | undefined {
  switch (wanted) {
    case 'any':
      return undefined;
    case 'read-write':
      if (isStandby) return 'it is a standby, which takes no writes';
      return isReadOnly ? 'it is set to take no writes' : undefined;
    case 'read-only':
      return isReadOnly ? undefined : 'it takes writes';
    case 'primary':
      return isStandby ? 'it is a standby' : undefined;
    case 'standby':
      return isStandby ? undefined : 'it is no standby';
    case 'prefer-standby':
      return isStandby || isLastResort ? undefined : 'it is no standby';
  }
}

/**
 * The servers of one pool, and the server to try first. All connections of the pool share it, so when one connection
 * finds the right server, the others use it.
 */
export class ServerChoice {
  private at = 0;
  /** Servers in a row that were not of the wanted kind. */
  private misses = 0;
  private readonly objections = new Map<string, string>();
  private isSecondBest = false;

  constructor(
    private readonly servers: readonly DatabaseServer[],
    private readonly wanted: SessionWanted,
  ) {}

  get count(): number {
    return this.servers.length;
  }

  get current(): DatabaseServer {
    const server = this.servers[this.at % this.servers.length];
    if (!server) throw new Error('A database URL without a server.');
    return server;
  }

  /** Number of rounds in which all servers were tried without success, since the last success. */
  get rounds(): number {
    return Math.floor(this.misses / this.servers.length);
  }

  /** A new session. A pool with a preference looks for its preferred kind again after it had to use another kind. */
  begin(): DatabaseServer {
    if (this.isSecondBest) {
      this.isSecondBest = false;
      this.at = 0;
      this.misses = 0;
    }
    return this.current;
  }

  judge(session: ServerSession): string | undefined {
    const objection = objectionTo(session, this.wanted, this.rounds > 0);
    if (objection === undefined) {
      this.misses = 0;
      this.isSecondBest = this.wanted === 'prefer-standby' && !session.isStandby;
    }
    return objection;
  }

  /** Tries the next server from now on, unless another connection has moved on already. */
  passOver(server: DatabaseServer, objection: string): void {
    this.objections.set(server.name, objection);
    if (this.current !== server) return;
    this.at += 1;
    this.misses += 1;
  }

  /** The last problem of each server. */
  complaint(): string {
    return this.servers.map(({ name }) => `${name}: ${this.objections.get(name) ?? 'not tried'}`).join('; ');
  }
}
