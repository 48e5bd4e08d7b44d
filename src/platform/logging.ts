import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import type { LogLevel } from './config.js';

/**
 * On standard error, because standard output belongs to the commands: JSON lines for programs, and plain lines on a terminal. Bodies and
 * headers are never logged, so that no credential and no sealed text gets into a log.
 */
export const createLog = (level: LogLevel): Logger =>
  pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    process.stderr.isTTY
      ? { write: (line: string) => process.stderr.write(plainLine(line)) }
      : pino.destination({ dest: 2, sync: false }),
  );

const CLOCK = { from: 'YYYY-MM-DDT'.length, to: 'YYYY-MM-DDTHH:MM:SS'.length };
const WARNING = 40;
const ERROR = 50;

/** A line of the log for people: time of day (UTC), message and details. Control characters are shown escaped. */
export function plainLine(line: string): string {
  const { level, time, msg, err, ...details } = JSON.parse(line) as PinoLine;
  const grade = level >= ERROR ? 'ERROR: ' : level >= WARNING ? 'Warning: ' : '';
  const reason = err?.message === undefined || err.message === msg ? {} : { reason: err.message };
  const rest = Object.entries({ ...reason, ...details }).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  return `${time.slice(CLOCK.from, CLOCK.to)}  ${grade}${visible(msg ?? '')}${rest.join('')}\n`;
}

interface PinoLine {
  readonly level: number;
  readonly time: string;
  readonly msg?: string;
  readonly err?: { readonly message?: string };
}

/** Quotes stay as they are, because nothing is enclosed in them. */
const visible = (text: string): string =>
  JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"');

/** Nest's own messages, in the same form. Its messages about the start are logged for debugging only. */
export class NestLog implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log(message: unknown): void {
    this.pino.debug(String(message));
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.pino.error({ detail: rest.map(String) }, String(message));
  }
  warn(message: unknown): void {
    this.pino.warn(String(message));
  }
}
