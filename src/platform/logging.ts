import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import type { LogLevel } from './config.js';

/**
 * JSON lines on standard error; standard output belongs to the commands. Bodies and headers are never logged, so that no credential and no
 * sealed text gets into a log.
 */
export const createLog = (level: LogLevel): Logger =>
  pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: false }));

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
