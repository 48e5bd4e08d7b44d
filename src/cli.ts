#!/usr/bin/env node
import { COMMANDS } from './cli/commands.js';
import { dispatch } from './cli/dispatch.js';

process.exitCode = await dispatch(COMMANDS, process.argv.slice(2), { out: process.stdout, err: process.stderr });
