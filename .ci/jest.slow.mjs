import { readFile } from 'node:fs/promises';

// The specs that start and stop whole services: `npm run test:slow`. All others are `npm test`.
const { jest } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
const rootDir = new URL('..', import.meta.url).pathname;
export default { ...jest, rootDir, testRegex: String.raw`\.slow\.spec\.ts$` };
