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

const pathOf = (name) => `^src/${name.replace('.', '\\.')}(/|\\.ts$)`;

/** A rule for each folder; its name says what the folder may import, so that a failing check says it as well. */
const floorRules = FLOORS.flatMap((floor, at) => {
  const below = FLOORS.slice(at + 1).flat();
  return floor.map((name) => {
    const allowed = [name, ...below, ...(ROOT.has(name) ? floor : []), ...(name === 'main' ? ['cli'] : [])];
    return {
      name: `floors: ${name} may import ${below.length === 0 ? 'nothing of ours' : `only ${below.join(', ')}`}`,
      comment:
        'An import runs within a folder or down, never up: what is below can be understood, tested and reused alone.',
      severity: 'error',
      from: { path: pathOf(name) },
      to: { path: '^src/', pathNot: allowed.map(pathOf) },
    };
  });
});

const everyFolderHasAFloor = {
  name: 'floors: give the folder its place in .ci/floors.cjs',
  comment: 'A folder without a floor could import everything.',
  severity: 'error',
  from: { path: '^src/', pathNot: FLOORS.flat().map(pathOf) },
  to: {},
};

module.exports = { floorRules: [...floorRules, everyFolderHasAFloor] };
