// The floors of src/, from the top to the bottom. An import runs within a folder or down, never up and never along a floor.
// A new folder gets its place here; everything else about the floors follows from this list.
const FLOORS = [
  ['main', 'openapi', 'cli'],
  ['service', 'app', 'app.module', 'projections', 'aggregates', 'docs-examples', 'refusals'],
  ['audit', 'import', 'demo', 'pages', 'exports', 'webhooks'],
  ['transparency'],
  ['access', 'capital'],
  ['compute', 'identity', 'log'],
  ['governance', 'partners', 'erasure', 'witness', 'client'],
  ['http'],
  ['domain'],
  ['platform'],
  ['ledger'],
  ['tlog'],
];
/** Files of `src/` itself. They compose the program from all folders, so they may import each other. */
const ROOT = new Set(['service', 'app', 'app.module', 'projections', 'aggregates', 'docs-examples', 'refusals']);

/** The floors inside a folder that has rooms, read the same way. Files beside the rooms have their places too. */
const ROOMS = {
  transparency: [
    ['transparency.module', 'transparency.refusals'],
    ['attestation', 'publication', 'series', 'yearly'],
    ['report'],
    ['states'],
    ['dictionary'],
    ['methods'],
    ['method-2'],
    ['method-1'],
    ['measures', 'events', 'report-method', 'state-text'],
  ],
};

const pathOf = (folder) => (name) => `^${folder}/${name.replace('.', '\\.')}(/|\\.ts$)`;

/**
 * A rule for each name on the floors of a folder; the rule's name says what may be imported, so that a failing check says it as well.
 * A name on no floor could import everything, so it fails too.
 */
function rulesOf(folder, floors, mayAlsoImport = () => []) {
  const title = folder === 'src' ? 'floors' : `floors of ${folder}`;
  const rules = floors.flatMap((floor, at) => {
    const below = floors.slice(at + 1).flat();
    return floor.map((name) => ({
      name: `${title}: ${name} may import ${below.length === 0 ? 'nothing of ours' : `only ${below.join(', ')}`}`,
      comment:
        'An import runs within a folder or down, never up: what is below can be understood, tested and reused alone.',
      severity: 'error',
      from: { path: pathOf(folder)(name) },
      to: { path: `^${folder}/`, pathNot: [name, ...below, ...mayAlsoImport(name, floor)].map(pathOf(folder)) },
    }));
  });
  const everyNameHasAFloor = {
    name: `${title}: give the folder its place in .ci/floors.cjs`,
    comment: 'A folder without a floor could import everything.',
    severity: 'error',
    from: { path: `^${folder}/`, pathNot: floors.flat().map(pathOf(folder)) },
    to: {},
  };
  return [...rules, everyNameHasAFloor];
}

const besideOf = (name, floor) => [...(ROOT.has(name) ? floor : []), ...(name === 'main' ? ['cli'] : [])];

module.exports = {
  floorRules: [
    ...rulesOf('src', FLOORS, besideOf),
    ...Object.entries(ROOMS).flatMap(([folder, floors]) => rulesOf(`src/${folder}`, floors)),
  ],
};
