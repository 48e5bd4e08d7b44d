import type { LogErrorCode } from '../../src/tlog/log-error.js';

/** Matcher for `toThrow`: a `LogError`, with this code if one is given. */
export const refused = (code?: LogErrorCode): Error =>
  expect.objectContaining({ name: 'LogError', ...(code !== undefined && { code }) }) as Error;
