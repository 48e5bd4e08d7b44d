import { runServe } from './cli/serve.js';

process.exitCode = await runServe();
