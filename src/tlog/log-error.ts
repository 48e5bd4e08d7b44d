/**
 * Why a piece of a transparency log was not accepted. `malformed`, `limit-exceeded` and `unsupported-algorithm` mean that
 * nothing could be checked; the other codes mean that a check failed.
 */
export type LogErrorCode =
  /** The bytes do not follow the format to the letter. */
  | 'malformed'
  /** A named bound was exceeded before anything was checked. */
  | 'limit-exceeded'
  /** A key or signature of a type that this implementation does not know. */
  | 'unsupported-algorithm'
  /** The signature of a known key is invalid. */
  | 'signature-invalid'
  /** No signature is by one of the given keys. */
  | 'no-trusted-signature'
  /** The checkpoint belongs to another log. */
  | 'origin-mismatch'
  /** Too few of the witnesses that the policy requires have cosigned. */
  | 'quorum-missing'
  /** A Merkle proof does not lead to the root. */
  | 'proof-invalid';

/**
 * Thrown by the readers and verifiers of the log. It knows neither Nest nor HTTP, because the offline verifier throws it
 * too.
 */
export class LogError extends Error {
  override readonly name = 'LogError';

  constructor(
    readonly code: LogErrorCode,
    message: string,
    /** The values that decided: sizes, indices, expected and found hashes (hex). Never key material. */
    readonly facts: Readonly<Record<string, string | number>> = {},
  ) {
    super(message);
  }
}

/** The bytes are not what the named format prescribes. */
export const malformed = (format: string, what: string): LogError =>
  new LogError('malformed', `This is not a ${format}: ${what}.`);

/** A bound with a name was exceeded. */
export const tooLarge = (what: string, found: number, max: number): LogError =>
  new LogError('limit-exceeded', `${what} is ${found}, more than the ${max} that are accepted.`, { found, max });
