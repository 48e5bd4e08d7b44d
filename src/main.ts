import { runServe } from './cli/commands.js';

process.exitCode = await runServe();
