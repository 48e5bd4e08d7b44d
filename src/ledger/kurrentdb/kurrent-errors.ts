/** The fields of an error of the client that are used. The classes of the client add nothing, and some errors have no class. */
interface ServerError {
  readonly type?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly streamName?: unknown;
  readonly violations?: readonly { readonly streamName?: unknown }[];
}

const typeOf = (error: unknown): unknown => (error as ServerError | undefined)?.type;

/** Errors after which the client connects again by itself. */
const CONNECTION_ERRORS = ['unavailable', 'cancelled', 'not-leader', 'deadline-exceeded'];

export const isConnectionLost = (error: unknown): boolean => CONNECTION_ERRORS.includes(String(typeOf(error)));

/** Streams that are not at the expected revision; empty if the server names none. Undefined if the append failed for another reason. */
export function conflictsOf(error: unknown): readonly string[] | undefined {
  const { streamName, violations } = error as ServerError;
  const type = typeOf(error);
  if (type === 'wrong-expected-version') return typeof streamName === 'string' ? [streamName] : [];
  if (type === 'append-consistency-violation')
    return (violations ?? []).flatMap(({ streamName }) => (typeof streamName === 'string' ? [streamName] : []));
  return undefined;
}

/** INVALID_ARGUMENT of gRPC. */
const INVALID_ARGUMENT = 3;
export const isContentFault = (error: unknown): boolean =>
  ['append-record-size-exceeded', 'transaction-max-size-exceeded', 'maximum-append-size-exceeded'].includes(
    String(typeOf(error)),
  ) || (error as ServerError).code === INVALID_ARGUMENT;

/** PERMISSION_DENIED and UNAUTHENTICATED of gRPC. */
const DENIED = [7, 16];
export const isDenied = (error: unknown): boolean =>
  typeOf(error) === 'access-denied' || DENIED.includes(Number((error as ServerError).code));

export const textOf = (error: unknown): string => {
  const { message } = error as ServerError;
  return typeof message === 'string' && message !== '' ? message : String(error);
};
