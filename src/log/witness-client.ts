import { type AddCheckpoint, acceptCosignatures, formatAddCheckpoint } from '../tlog/add-checkpoint.js';
import { reasonOf } from '../platform/startup-error.js';
import { parseCheckpoint } from '../tlog/checkpoint.js';
import { LogError } from '../tlog/log-error.js';
import { formatSignature } from '../tlog/note-signature.js';
import { decodeDecimal } from '../tlog/strict-text.js';
import type { SubmissionWitness } from './witness-policy.js';

/** A witness needs its memory and one write to its disk; a witness that takes longer counts as down. */
export const SUBMISSION_MS_MAX = 10_000;
/** Room for a few signature lines of the longest kind. */
const ANSWER_BYTES_MAX = 65_536;
/** Most characters of a witness's refusal that our logs and answers show: the text is foreign. */
const LOGGED_REASON_LENGTH_MAX = 200;

/** What became of a submission. */
export type Submission =
  /** The signature line of the witness, verified. */
  | { readonly kind: 'cosigned'; readonly line: string }
  /** Its last cosigned size differs from the size in the request. */
  | { readonly kind: 'elsewhere'; readonly size: number }
  | SubmissionFailure;

export interface SubmissionFailure {
  readonly kind: 'failed';
  /** `fork`: it has cosigned another history of this log, or claims so. */
  readonly state: 'down' | 'refusing' | 'fork';
  readonly reason: string;
}

/** Submits one checkpoint (C2SP tlog-witness, "add-checkpoint"). It resolves within `SUBMISSION_MS_MAX`, and never rejects. */
export async function submitCheckpoint(
  witness: SubmissionWitness,
  request: AddCheckpoint,
  stopping: AbortSignal,
): Promise<Submission> {
  let response: Response;
  let body: string;
  // A timer and not AbortSignal.timeout(): Node 20 collects a timeout that only AbortSignal.any() refers to.
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const timer = setTimeout(end, SUBMISSION_MS_MAX);
  stopping.addEventListener('abort', end, { once: true });
  if (stopping.aborted) end();
  try {
    response = await fetch(`${witness.url}/add-checkpoint`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: formatAddCheckpoint(request),
      redirect: 'error',
      signal: ended.signal,
    });
    body = await readBounded(response);
  } catch (error) {
    return failed('down', `It does not answer: ${oneLine(causeOf(error))}`);
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener('abort', end);
  }
  return read(witness, request, response, body);
}

function read(
  witness: SubmissionWitness,
  request: AddCheckpoint,
  { status, headers }: Response,
  body: string,
): Submission {
  if (status === 200) return readCosignature(witness, request, body);
  if (status === 409) return readSize(request, headers.get('content-type') ?? '', body);
  const said = `It answered ${status}: ${oneLine(body)}`;
  if (status === 422) return failed('fork', said);
  return failed(status === 429 || status >= 500 ? 'down' : 'refusing', said);
}

function readCosignature({ key }: SubmissionWitness, { note }: AddCheckpoint, body: string): Submission {
  try {
    const [signature] = acceptCosignatures(note, body, [key]);
    if (signature !== undefined) return { kind: 'cosigned', line: formatSignature(signature) };
    return failed('refusing', 'It answered without a cosignature.');
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    return failed('refusing', `Its cosignature cannot be used: ${oneLine(error.message)}`);
  }
}

function readSize({ oldSize, note }: AddCheckpoint, contentType: string, body: string): Submission {
  const size = body.endsWith('\n') ? decodeDecimal(body.slice(0, -1)) : undefined;
  if (!/^text\/x\.tlog\.size\s*(;|$)/.test(contentType) || size === undefined) {
    return failed('refusing', `It answered 409 without the size that it has: ${oneLine(body)}`);
  }
  if (size !== oldSize) return { kind: 'elsewhere', size };
  // Some witnesses answer 409 instead of 422 when they have cosigned another root of this size.
  if (size === parseCheckpoint(note.text).size)
    return failed('fork', `It has cosigned another tree of ${size} leaves.`);
  return failed('refusing', `It contradicts itself: it has cosigned ${size} last, and does not take it.`);
}

/** @throws Error when the answer is longer than any valid answer */
async function readBounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    const bytes = part as Uint8Array;
    length += bytes.length;
    if (length > ANSWER_BYTES_MAX) throw new Error(`its answer is longer than ${ANSWER_BYTES_MAX} bytes`);
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString();
}

const failed = (state: SubmissionFailure['state'], reason: string): SubmissionFailure => ({
  kind: 'failed',
  state,
  reason,
});

/** The error of `fetch` itself has no reason; its cause has. */
const causeOf = (error: unknown): string => {
  const cause: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return reasonOf(cause);
};

/** Foreign text, made safe for our logs and answers. */
const oneLine = (text: string): string =>
  text
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, LOGGED_REASON_LENGTH_MAX);
