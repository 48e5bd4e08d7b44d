import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { isLedgerOfUrl } from '../ledger/kurrentdb/kurrent-url.js';
import type { ClockRule } from '../ledger/event-store.js';
import { SESSIONS, readDatabaseUrl, type SessionWanted } from './database/database-servers.js';

/** The settings of a running service. The constructor validates all of them, so every value of this type is valid. */
export class Config {
  /** Address to listen on. */
  readonly host: string;
  /** Port to listen on; 0 lets the system choose a free one. */
  readonly port: number;
  /** Absolute folder of the files on this machine: embedded database, signing keys, wrapping key. */
  readonly dataDir: string;
  /** PostgreSQL to use, possibly with several hosts; absent: the embedded one. Holds a password: never log it. */
  readonly databaseUrl?: string;
  /** A replica for reads; absent: the same as for writes. Holds a password: never log it. */
  readonly databaseReadUrl?: string;
  /** KurrentDB as the event store; absent: the same PostgreSQL. Holds a password: never log it. */
  readonly eventStoreUrl?: string;
  /** The first operator key, for automation; absent: one is made and shown once. Never log it. */
  readonly operatorKey?: string;
  /** First line of every checkpoint, a URL without scheme, e.g. `ledger.example.eu/log`. */
  readonly logOrigin: string;
  /** Absolute path of the policy (C2SP tlog-policy) that names the witnesses of the log; absent: it has none. */
  readonly logPolicy?: string;
  /** Issuer and audience of the bearer tokens that are accepted beside API keys; absent: API keys only. */
  readonly oidc?: OidcConfig;
  readonly logLevel: LogLevel;
  /** Requests a minute that one caller may make; 0 switches the limit off. */
  readonly rateLimitPerMinute: number;
  /** Addresses and networks (CIDR) of the proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly connections: ConnectionLimits;
  /** Hours between two checks of the history and the views in the background; 0 switches them off. */
  readonly attestationHours: number;
  /** When events may be stamped, as clocks can be wrong. */
  readonly clockRule: ClockRule;

  /** @throws ConfigError with every problem of the environment, not only the first. */
  constructor(env: Readonly<Record<string, string | undefined>>) {
    const settings = new Settings(env);
    this.host = settings.text('HOST', isHost, HOST_HINT) ?? '127.0.0.1';
    this.port = settings.integer('PORT', PORT_MAX, 3000);
    this.dataDir = resolve(settings.text('DATA_DIR', isPath, DATA_DIR_HINT) ?? 'data');
    const databaseUrl = readDatabase(settings, 'DATABASE_URL', SESSIONS_THAT_WRITE);
    const databaseReadUrl = readDatabase(settings, 'DATABASE_READ_URL', SESSIONS);
    const eventStoreUrl = settings.text('EVENT_STORE_URL', isKurrentUrl, KURRENT_HINT);
    const operatorKey = settings.text('OPERATOR_KEY', isOperatorKey, OPERATOR_KEY_HINT);
    this.logOrigin = settings.text('LOG_ORIGIN', isLogOrigin, LOG_ORIGIN_HINT) ?? LOG_ORIGIN_DEFAULT;
    const logPolicy = settings.text('LOG_POLICY', isPath, LOG_POLICY_HINT);
    const oidc = readOidc(settings);
    this.logLevel = settings.logLevel();
    this.rateLimitPerMinute = settings.integer('RATE_LIMIT_PER_MINUTE', RATE_LIMIT_PER_MINUTE_MAX, 0);
    const trustedProxies = settings.text('TRUSTED_PROXIES', isListOfNetworks, TRUSTED_PROXIES_HINT);
    this.trustedProxies = trustedProxies === undefined ? [] : listOf(trustedProxies);
    const max = settings.integer('CONNECTIONS_MAX', CONNECTIONS_MAX, CONNECTIONS_MAX_DEFAULT);
    const requestMs = settings.integer('REQUEST_SECONDS_MAX', REQUEST_SECONDS_MAX, 30) * 1_000;
    this.connections = {
      max,
      perNetwork: Math.ceil(max / 4),
      headersMs: requestMs === 0 ? 0 : Math.min(requestMs, HEADERS_MS_MAX),
      requestMs,
      silentMs: SILENT_MS_MAX,
      keepAliveMs: this.trustedProxies.length > 0 ? KEEP_ALIVE_OF_PROXIES_MS : KEEP_ALIVE_MS,
      checkMs: SLOW_CHECK_MS,
    };
    this.attestationHours = settings.integer('ATTESTATION_HOURS', ATTESTATION_HOURS_MAX, 24);
    const aheadSeconds = settings.integer('CLOCK_AHEAD_SECONDS_MAX', CLOCK_AHEAD_SECONDS_MAX, 60);
    const acceptedStamp = settings.text('LAST_STAMP_ACCEPTED', isInstant, INSTANT_HINT);
    this.clockRule = {
      aheadMsMax: aheadSeconds === 0 ? undefined : aheadSeconds * 1_000,
      acceptedStamp: acceptedStamp === undefined ? undefined : Date.parse(acceptedStamp),
    };
    if (settings.has('DATABASE_READ_URL') && !settings.has('DATABASE_URL')) {
      settings.report(
        'DATABASE_READ_URL is set but DATABASE_URL is not: set both, as the embedded database has no replica.',
      );
    }
    settings.throwProblems();
    if (databaseUrl) this.databaseUrl = databaseUrl;
    if (databaseReadUrl) this.databaseReadUrl = databaseReadUrl;
    if (eventStoreUrl) this.eventStoreUrl = eventStoreUrl;
    if (operatorKey) this.operatorKey = operatorKey;
    if (logPolicy) this.logPolicy = resolve(logPolicy);
    if (oidc) this.oidc = oidc;
  }
}

/** How many connections there are at a time, and how long each may take. Times are in milliseconds; 0 switches a limit off. */
export interface ConnectionLimits {
  /** In all. */
  readonly max: number;
  /** From one network of `networkOf`, unless it is a proxy's. */
  readonly perNetwork: number;
  /** From the beginning of the connection, or of a further request, to the end of its headers. */
  readonly headersMs: number;
  /** The same to the end of its body. */
  readonly requestMs: number;
  /** Without a byte in either direction: the caller neither sends nor takes. */
  readonly silentMs: number;
  /** Between two requests. */
  readonly keepAliveMs: number;
  /** How often slow requests are looked for. */
  readonly checkMs: number;
}

/** The command line options of a witness. */
export interface WitnessFlags {
  readonly name?: string;
  readonly logs?: string;
}

/** The settings of a witness, a small service of its own that follows the logs of others. */
export class WitnessConfig {
  readonly host: string;
  /** 0 lets the system choose a free one. */
  readonly port: number;
  /** Absolute folder of its key and of its cosigned checkpoints. */
  readonly dataDir: string;
  /** Name of its key; absent: the name of the key in the folder. */
  readonly name?: string;
  /** Absolute path of the list of the logs that the witness follows. */
  readonly logs: string;
  readonly logLevel: LogLevel;

  /** @throws ConfigError with every problem, not only the first. */
  constructor(env: Readonly<Record<string, string | undefined>>, flags: WitnessFlags) {
    const settings = new Settings({ ...env, '--name': flags.name, '--logs': flags.logs });
    this.host = settings.text('HOST', isHost, HOST_HINT) ?? '127.0.0.1';
    this.port = settings.integer('PORT', PORT_MAX, 3001);
    this.dataDir = resolve(settings.text('DATA_DIR', isPath, DATA_DIR_HINT) ?? 'witness-data');
    const name = settings.text('--name', isLogOrigin, WITNESS_NAME_HINT);
    this.logs = resolve(settings.text('--logs', isPath, WITNESS_LOGS_HINT) ?? '');
    this.logLevel = settings.logLevel();
    if (!settings.has('--logs')) settings.report(`--logs is missing: set it to ${WITNESS_LOGS_HINT}.`);
    settings.throwProblems();
    if (name) this.name = name;
  }
}

export interface OidcConfig {
  /** Exactly the `iss` of the tokens. */
  readonly issuer: string;
  /** A value that the `aud` of the tokens must hold. */
  readonly audience: string;
}

/** pino's levels, most to least serious. */
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * Reads and validates the settings. The only place that reads the environment.
 * @throws ConfigError with every problem of the environment, not only the first.
 */
export const loadConfig = (env: Readonly<Record<string, string | undefined>> = process.env): Config => new Config(env);

/** The settings of a witness; see `loadConfig`. */
export const loadWitnessConfig = (
  flags: WitnessFlags,
  env: Readonly<Record<string, string | undefined>> = process.env,
): WitnessConfig => new WitnessConfig(env, flags);

/** The settings cannot be used. Every problem names its variable and a valid value; none repeats a value that may be secret. */
export class ConfigError extends Error {
  /** EX_CONFIG of sysexits.h: something was found in an unconfigured or misconfigured state. */
  readonly exitCode = 78;

  constructor(readonly problems: readonly string[]) {
    super(`The settings cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

const PORT_MAX = 65_535;
/** A million requests a minute is more than one process can answer: a larger number is a typing error. */
const RATE_LIMIT_PER_MINUTE_MAX = 1_000_000;
/** A process may have some more files open than that. */
const CONNECTIONS_MAX = 100_000;
/** Four times as many as readers may follow the history. */
const CONNECTIONS_MAX_DEFAULT = 2_000;
const REQUEST_SECONDS_MAX = 3_600;
const HEADERS_MS_MAX = 10_000;
/** The longest work for one answer, an old report, takes about half a minute, and may wait for others. */
const SILENT_MS_MAX = 120_000;
const KEEP_ALIVE_MS = 15_000;
/** Longer than the minute that proxies keep a connection: they must not send on one that is being closed. */
const KEEP_ALIVE_OF_PROXIES_MS = 65_000;
const SLOW_CHECK_MS = 1_000;
/** A year: a longer interval is as good as none. */
const ATTESTATION_HOURS_MAX = 8_784;
/** A clock that is a day ahead is wrong. */
const CLOCK_AHEAD_SECONDS_MAX = 86_400;
/** 32 characters of base64 are 192 bits: beyond guessing, and short enough for any header. */
const OPERATOR_KEY_LENGTH_MIN = 32;
const OPERATOR_KEY_LENGTH_MAX = 255;

const HOST_HINT = 'an IP address or a host name to listen on, e.g. 127.0.0.1, 0.0.0.0 or ::';
const DATA_DIR_HINT = 'the path of a folder, e.g. ./data';
const POSTGRES_HINT =
  'postgres://user:password@host:5432/database, several hosts separated by commas; % and @ in a password are written %25 and %40';
const KURRENT_HINT =
  'kurrentdb://user:password@host:2113/ledger?tls=true or kurrentdb+discover://..., with a ledger of a-z, 0-9, "-", "_" or none';
const OPERATOR_KEY_HINT = `${OPERATOR_KEY_LENGTH_MIN} to ${OPERATOR_KEY_LENGTH_MAX} visible ASCII characters without spaces, e.g. the output of "openssl rand -hex 32"`;
const LOG_ORIGIN_HINT = 'a URL without scheme, space or plus, e.g. ledger.example.eu/log';
const LOG_POLICY_HINT = 'the path of a tlog-policy file, e.g. ./log-policy';
const WITNESS_NAME_HINT = 'a URL without scheme, space or plus that names you, e.g. witness.example.eu';
const WITNESS_LOGS_HINT = 'the path of a file with a line "log <verifier key>" for each log to follow';
const OIDC_ISSUER_HINT = 'the https URL of the issuer, exactly as its tokens have it (http only on this machine)';
const OIDC_AUDIENCE_HINT = 'the audience of the tokens, e.g. ppp-ledger';
/** The default name, which belongs to no ledger. A ledger that others check gets a name of its own before its first event. */
const LOG_ORIGIN_DEFAULT = 'localhost/log';
const INSTANT_HINT = 'an instant in UTC, as /readyz shows it, e.g. 2026-11-24T05:38:00.250Z';
const TRUSTED_PROXIES_HINT = 'addresses or networks of proxies, with commas, e.g. 10.0.0.7, 192.168.0.0/16 or fd00::/8';
const LOG_LEVEL_HINT = `one of ${LOG_LEVELS.join(', ')}`;

/** Reads values from the environment and collects the problems. */
class Settings {
  private readonly problems: string[] = [];

  constructor(private readonly env: Readonly<Record<string, string | undefined>>) {}

  /** An empty value counts as absent: compose files and unit files pass unset variables that way. */
  has(name: string): boolean {
    return this.trimmed(name) !== '';
  }

  text(name: string, accepts: (value: string) => boolean, hint: string): string | undefined {
    if (!this.has(name)) return undefined;
    const value = this.trimmed(name);
    if (accepts(value)) return value;
    this.report(`${name} cannot be used: set it to ${hint}.`);
    return undefined;
  }

  integer(name: string, max: number, otherwise: number): number {
    const accepts = (value: string) => /^\d{1,7}$/.test(value) && Number(value) <= max;
    return Number(this.text(name, accepts, `a whole number from 0 to ${max}`) ?? otherwise);
  }

  logLevel(): LogLevel {
    const logLevel = this.text('LOG_LEVEL', isLogLevel, LOG_LEVEL_HINT);
    return LOG_LEVELS.find((level) => level === logLevel) ?? 'info';
  }

  report(problem: string): void {
    this.problems.push(problem);
  }

  throwProblems(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }

  /** Secrets read from files often carry the newline at the file's end; no setting begins or ends with a space. */
  private trimmed(name: string): string {
    return (this.env[name] ?? '').trim();
  }
}

const SESSIONS_THAT_WRITE: readonly SessionWanted[] = ['read-write', 'primary'];

/** A URL that can be parsed, and whose scheme and `target_session_attrs` can be used. */
function readDatabase(settings: Settings, name: string, sessions: readonly SessionWanted[]): string | undefined {
  const url = settings.text(name, isPostgresUrl, POSTGRES_HINT);
  if (url === undefined) return undefined;
  try {
    const { session } = readDatabaseUrl(url);
    if (session === undefined || sessions.includes(session)) return url;
    settings.report(
      `${name} asks for target_session_attrs=${session}: set it to ${sessions.join(' or ')}, as the ledger writes there.`,
    );
  } catch (error) {
    settings.report(
      `${name} cannot be used, as ${error instanceof Error ? error.message : ''}: set it to ${POSTGRES_HINT}.`,
    );
  }
  return undefined;
}

function readOidc(settings: Settings): OidcConfig | undefined {
  const issuer = settings.text('OIDC_ISSUER', isIssuer, OIDC_ISSUER_HINT);
  const audience = settings.text('OIDC_AUDIENCE', isLine, OIDC_AUDIENCE_HINT);
  for (const [given, missing, hint] of [
    ['OIDC_ISSUER', 'OIDC_AUDIENCE', OIDC_AUDIENCE_HINT],
    ['OIDC_AUDIENCE', 'OIDC_ISSUER', OIDC_ISSUER_HINT],
  ] as const) {
    if (settings.has(given) && !settings.has(missing)) {
      settings.report(`${given} is set but ${missing} is not: set ${missing} to ${hint}, or neither of them.`);
    }
  }
  return issuer && audience ? { issuer, audience } : undefined;
}

const isLine = (value: string): boolean => !/\p{Cc}/u.test(value);
const isPath = (value: string): boolean => !value.includes('\0');
const isHost = (value: string): boolean => /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]+(%[a-z0-9]+)?)$/i.test(value);
const isOperatorKey = (value: string): boolean =>
  value.length >= OPERATOR_KEY_LENGTH_MIN && value.length <= OPERATOR_KEY_LENGTH_MAX && /^[\x21-\x7e]+$/.test(value);
const isInstant = (value: string): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/.test(value) && !Number.isNaN(Date.parse(value));
const listOf = (value: string): readonly string[] => value.split(',').map((one) => one.trim());
const isListOfNetworks = (value: string): boolean => listOf(value).every(isNetwork);
/** An address, or a network with the length of its prefix. */
const isNetwork = (value: string): boolean => {
  const { address = '', bits } = /^(?<address>[^/]+)(?:\/(?<bits>\d{1,3}))?$/.exec(value)?.groups ?? {};
  const family = isIP(address);
  return family !== 0 && Number(bits ?? 0) <= (family === 4 ? 32 : 128);
};
const isLogLevel = (value: string): boolean => LOG_LEVELS.some((level) => level === value);
/** C2SP tlog-checkpoint: a schema-less URL without space and plus. */
const isLogOrigin = (value: string): boolean => /^[a-z0-9][a-z0-9.-]*(:\d{1,5})?(\/[^\s+?#]*)?$/i.test(value);

/**
 * Protocol, user, hosts, path and query of a URL that may name several hosts. Database URLs may do so; the class `URL` cannot parse
 * them.
 */
const MULTI_HOST_URL =
  /^(?<protocol>[a-z+]+):\/\/(?:[^@/?#\s]*@)?(?<hosts>[^@/?#\s]*)(?:\/[^/?#\s]*)?(?:\?(?<query>[^#\s]*))?$/;

function isMultiHostUrl(value: string, protocol: RegExp): boolean {
  const parts = MULTI_HOST_URL.exec(value)?.groups;
  if (!parts || !protocol.test(parts['protocol'] ?? '') || /%(?![0-9a-f]{2})/i.test(value)) return false;
  // libpq names a Unix socket in the query.
  if (parts['hosts'] === '') return new URLSearchParams(parts['query']).has('host');
  return (parts['hosts'] ?? '').split(',').every(isHostAndPort);
}

const isHostAndPort = (value: string): boolean => {
  const parts = /^(?:\[[0-9a-f:.]+\]|[^:[\]]+)(?::(?<port>\d{1,5}))?$/i.exec(value);
  const port = Number(parts?.groups?.['port'] ?? 1);
  return parts !== null && port >= 1 && port <= PORT_MAX;
};

const isPostgresUrl = (value: string): boolean => isMultiHostUrl(value, /^postgres(ql)?$/);
/** The protocols that the KurrentDB client accepts; the older `esdb` is the same protocol. */
const isKurrentUrl = (value: string): boolean =>
  isMultiHostUrl(value, /^(kurrentdb|kurrent|kdb|esdb)(\+discover)?$/) && isLedgerOfUrl(value);

const isIssuer = (value: string): boolean => {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, search, hash } = new URL(value);
  const local = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
  return (protocol === 'https:' || (protocol === 'http:' && local)) && search === '' && hash === '';
};
