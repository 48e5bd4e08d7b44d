import Negotiator from 'negotiator';

type Headers = ConstructorParameters<typeof Negotiator>[0]['headers'];

/** Codings of an answer, the one that makes it smallest first. */
export const CODINGS = ['br', 'gzip'] as const;
export type Coding = (typeof CODINGS)[number];

/** The best coding that the caller takes; undefined when it takes none of them, or does not say. */
export function codingFor(headers: Headers): Coding | undefined {
  const accepted = new Negotiator({ headers }).encodings([...CODINGS]);
  return CODINGS.find((coding) => accepted.includes(coding));
}

/** Whether the caller prefers CSV to JSON: `Accept: text/csv`. A caller with any other wish gets JSON. */
export const prefersCsv = (headers: Headers): boolean =>
  new Negotiator({ headers }).mediaType(['application/json', 'text/csv']) === 'text/csv';
