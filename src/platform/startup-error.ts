/**
 * A cause outside the program keeps it from starting, and only the operator can change it. The message names the cause
 * and the next step, so that the command line prints it without a stack trace.
 */
export class StartupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartupError';
  }
}

/**
 * The message of an error. Some errors have an empty message, e.g. a refused connection to several addresses: then it
 * is made from the messages of their parts.
 */
export function reasonOf(error: unknown): string {
  const { message, errors } = fieldsOf(error);
  if (message === '' && Array.isArray(errors)) return errors.map(reasonOf).join('; ');
  return typeof message === 'string' ? message : String(error);
}

/** The code of a system or database error, e.g. `ENOENT` or `57P03`. */
export function codeOf(error: unknown): string | undefined {
  const { code } = fieldsOf(error);
  return typeof code === 'string' ? code : undefined;
}

/** Tested by fields and not by class: an error of Node may come from another realm, where `instanceof` is false. */
const fieldsOf = (error: unknown): { message?: unknown; errors?: unknown; code?: unknown } =>
  typeof error === 'object' && error !== null ? error : {};
