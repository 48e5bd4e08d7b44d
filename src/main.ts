import { Output } from './cli/output.js';
import { runServe } from './cli/serve.js';

process.exitCode = await runServe([], { out: new Output(process.stdout), err: new Output(process.stderr) });
