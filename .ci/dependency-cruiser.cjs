// Which file may import which. `npm run cycles` checks it, imports of types included: a reader has to follow a cycle of types too.

const { floorRules } = require('./floors.cjs');

/** Folders that never use Nest or a database: libraries, and the code that an auditor runs on a machine of their own. */
const PURE_FOLDERS = '^src/(audit|client|demo|domain|tlog|witness)/';
/** The one folder of the auditor that reads a database. */
const AUDIT_OF_THE_DATABASE = '^src/audit/database/';
/** Features. A file in them is pure unless its name ends in a role of the server: aggregates, decisions, folds, reports. */
const FEATURES = '^src/(access|capital|compute|erasure|governance|identity|partners|transparency)/';
const SERVER_ROLE = '\\.(commands|controller|dto|guard|module|queries|service|worker)\\.ts$';
/** What belongs to one feature alone. */
const HANDLERS = '^src/([^/]+|transparency/[^/]+)/[^/]+\\.(commands|guard|projection|queries|service|worker)\\.ts$';
/** The rows of the signed log: the checks of the database compare them with the log. */
const LOG_STORE = '^src/log/(log-store|batch-checks)\\.queries\\.ts$';
const OPERATOR_KEY = '^src/identity/operator-key\\.service\\.ts$';
const NEST_OR_DATABASE = '^node_modules/(@nestjs|pg|@fastify|fastify)(/|$)';

module.exports = {
  forbidden: [
    ...floorRules,
    {
      name: 'no-cycles',
      comment: 'Files that import each other can only be understood together, and load in an order that nobody chose.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-handlers-of-others',
      comment:
        "A feature may import another's aggregate, never its handlers, its SQL or its rows. The checks of the database read what the log stores.",
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: [AUDIT_OF_THE_DATABASE, '^src/cli/'] },
      to: { path: HANDLERS, pathNot: '^src/$1/' },
    },
    {
      name: 'no-handlers-of-others: checks of the database',
      comment: 'They may read the log store, and no other SQL or handlers of features.',
      severity: 'error',
      from: { path: AUDIT_OF_THE_DATABASE },
      to: { path: HANDLERS, pathNot: ['^src/audit/', LOG_STORE] },
    },
    {
      name: 'no-handlers-of-others: the command line',
      comment: 'It may show and make the operator key, and goes through the API for everything else.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: HANDLERS, pathNot: ['^src/cli/', OPERATOR_KEY] },
    },
    {
      name: 'features-are-pure-but-for-roles',
      comment: 'Events, state, decisions and reports load without Nest and database, not by a detour either.',
      severity: 'error',
      from: { path: FEATURES, pathNot: [SERVER_ROLE] },
      to: { path: NEST_OR_DATABASE, reachable: true },
    },
    {
      name: 'pure-folders',
      comment: 'The formats, the values and all that runs away from the service load without Nest and database.',
      severity: 'error',
      from: { path: PURE_FOLDERS, pathNot: [AUDIT_OF_THE_DATABASE] },
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
