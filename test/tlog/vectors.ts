import { readFileSync } from 'node:fs';

const root = new URL('../vectors/', import.meta.url);

export const vectorBytes = (path: string): Buffer => readFileSync(new URL(path, root));
export const vectorText = (path: string): string => vectorBytes(path).toString('utf8');

export const LOG_SECRET = 'PRIVATE+KEY+example.com/log/testdata+33d7b496+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg';
export const LOG_VKEY = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx';
export const LOG_ORIGIN = 'example.com/log/testdata';
export const LOG_ENTRIES = 'one two three four five six seven eit nain ten ileven twelf threeten fourten fivten'
  .split(' ')
  .map((entry) => Buffer.from(entry));

/** Seed 00..1f: the witness of the cosignature vector. */
export const WITNESS_SEED = Uint8Array.from({ length: 32 }, (_, at) => at);
export const WITNESS_NAME = 'witness.example/w1';
export const WITNESS_VKEY = 'witness.example/w1+e75f6532+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4';
export const COSIGNED_AT_SECONDS = 1_679_315_147;
