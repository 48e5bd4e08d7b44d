import { register } from 'node:module';

// `node --import ./test/support/typescript.mjs file.ts` runs a source file without building it.
register('./typescript-hooks.mjs', import.meta.url);
