/**
 * Something outside the program keeps it from starting, and only its operator can change that. The message is complete: it
 * says what was found and what to do, so that the command line prints it without a stack trace.
 */
export class StartupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartupError';
  }
}

/** What an error says, also where the platform hides it: a refused connection to several addresses has an empty message. */
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

/** By its fields and not by its class: errors of the platform may come from another realm, where `instanceof` is false. */
const fieldsOf = (error: unknown): { message?: unknown; errors?: unknown; code?: unknown } =>
  typeof error === 'object' && error !== null ? error : {};
