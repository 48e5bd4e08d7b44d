import type { FastifyRequest } from 'fastify';
import type { CsvDialect } from './csv.js';

/** The dialect that a request names. Its DTO has checked it. */
export const dialectOf = ({ query }: Pick<FastifyRequest, 'query'>): CsvDialect =>
  (query as { readonly dialect?: CsvDialect }).dialect ?? 'comma';

/** The headers of a CSV: a browser saves it under a name that says what it is and which history it reflects. */
export const csvHeaders = (name: string, position: number): Readonly<Record<string, string>> => ({
  'Content-Type': 'text/csv; charset=utf-8; header=present',
  'Content-Disposition': `attachment; filename="${name}-${position}.csv"`,
});
