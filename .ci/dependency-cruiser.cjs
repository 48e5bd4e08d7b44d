// Which file may import which. `npm run cycles` checks it, types included: a cycle of types is still one to a reader.

/** The features; each has its nouns, and around them what Nest and PostgreSQL make of them. */
const FEATURE = '^src/(access|audit|capital|compute|erasure|governance|identity|partners|transparency)/';
/** What a role in the name says: it belongs to the server. */
const SERVER_ROLE = '\\.(commands|controller|dto|module|projection|queries)\\.ts$';
/** Parts of the server whose names have no role: they run, they are not called by nouns. */
const SERVER_PARTS =
  '^src/(access/own-rows|erasure/erasure-worker|identity/(access.guard|authentication|operator-key)|transparency/(live-standing|reports))\\.ts$';
const NEST_OR_DATABASE = '^node_modules/(@nestjs|pg|@fastify|fastify)(/|$)';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Files that import each other can only be understood together, and load in an order that nobody chose.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-handlers-of-others',
      comment: "A feature may import another's noun, never its handlers, its SQL or its rows.",
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/[^/]+\\.(commands|queries|projection)\\.ts$', pathNot: '^src/$1/' },
    },
    {
      name: 'nouns-are-pure',
      comment: 'Events, state and decisions know nothing of Nest or of the database, not by a detour either.',
      severity: 'error',
      from: { path: FEATURE, pathNot: [SERVER_ROLE, SERVER_PARTS, '^src/(audit|transparency)/'] },
      to: { path: NEST_OR_DATABASE, reachable: true },
    },
    {
      name: 'verifiable-without-a-server',
      comment:
        'The offline verifier runs the very functions of audit/ and transparency/: they load without Nest and pg.',
      severity: 'error',
      from: { path: '^src/(audit|transparency)/', pathNot: [SERVER_ROLE, SERVER_PARTS] },
      to: { path: NEST_OR_DATABASE, reachable: true },
    },
    {
      name: 'no-tests-in-the-program',
      comment: 'What is shipped does not need what tests it.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-undeclared-packages',
      comment: 'A package that only another one brings along is gone with its next version.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev', 'unknown', 'undetermined'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'nothing-missing',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
