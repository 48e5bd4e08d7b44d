#!/usr/bin/env node
import { COMMANDS } from './cli/commands.js';
import { dispatch } from './cli/dispatch.js';
import { Output } from './cli/output.js';

const streams = { out: new Output(process.stdout), err: new Output(process.stderr) };
process.exitCode = await dispatch(COMMANDS, process.argv.slice(2), streams);
