import { runServe } from './cli/serve.js';

process.exitCode = await runServe([], { out: process.stdout, err: process.stderr });
