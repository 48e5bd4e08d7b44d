import { STATUS_OF_REFUSAL, type RefusalDeclaration } from '../../ledger/refusal-declaration.js';
import type { ProblemTypeDto } from './problem-page.dto.js';
import { typeOf } from '../problem.js';

/** A declaration as its page shows it. */
export function problemTypeOf(code: string, { kind, means, next, facts = {} }: RefusalDeclaration): ProblemTypeDto {
  const clause: unknown = facts['clause']?.schema.example;
  return {
    code,
    type: typeOf(code),
    status: STATUS_OF_REFUSAL[kind],
    means,
    next,
    clause: typeof clause === 'string' ? clause : null,
    facts: Object.entries(facts).map(([name, { schema, optional }]) => ({
      name,
      description: schema.description,
      always: optional !== true,
    })),
  };
}

/** The page for a person who followed the `type` of a problem. */
export function problemHtml({ code, status, means, next, clause, facts }: ProblemTypeDto): string {
  const lines = facts.map(
    ({ name, description, always }) =>
      `<dt><code>${escape(name)}</code>${always ? '' : ' (in some cases)'}</dt><dd>${escape(description)}</dd>`,
  );
  return pageOf(code, [
    `<h1>${escape(code)}</h1>`,
    `<p>Status ${status}. ${escape(means)}</p>`,
    `<h2>What to do</h2><p>${escape(next)}</p>`,
    ...(clause === null ? [] : [`<h2>Clause</h2><p>${escape(clause)}</p>`]),
    ...(lines.length === 0 ? [] : ['<h2>Facts</h2><dl>', ...lines, '</dl>']),
    '<p><a href="/problems">All problems</a></p>',
  ]);
}

export function problemListHtml(types: readonly ProblemTypeDto[]): string {
  const lines = types.map(
    ({ code, type, status, means }) =>
      `<tr><td>${status}</td><td><a href="${escape(type)}"><code>${escape(code)}</code></a></td><td>${escape(means)}</td></tr>`,
  );
  return pageOf('Problems', [
    '<h1>Problems</h1>',
    '<table><tr><th>Status</th><th>Code</th><th>Meaning</th></tr>',
    ...lines,
    '</table>',
  ]);
}

const pageOf = (title: string, body: readonly string[]): string =>
  [
    '<!doctype html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title></head>`,
    '<body>',
    ...body,
    '</body>',
    '</html>',
    '',
  ].join('\n');

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
