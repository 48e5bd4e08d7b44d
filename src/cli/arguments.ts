import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from '../audit/audit-finding.js';
import { codeOf, reasonOf } from '../platform/startup-error.js';

type Options = NonNullable<ParseArgsConfig['options']>;

/** The values of the options. An option is undefined if it is not among the arguments. */
export type OptionValues<Known extends Options> = {
  readonly [Name in keyof Known]: (Known[Name]['type'] extends 'boolean' ? boolean : string) | undefined;
};

export interface Arguments<Known extends Options> {
  readonly values: OptionValues<Known>;
  readonly positionals: readonly string[];
}

/**
 * Reads the arguments of a command.
 * @param takes the positional arguments, e.g. `['SOURCE', 'FILE']`
 * @throws UsageError that names an unknown option or argument, or a missing one
 */
export function readArguments<const Known extends Options>(
  args: readonly string[],
  options: Known,
  takes: readonly string[] = [],
): Arguments<Known> {
  const { values, positionals } = parsed(args, options);
  const [further] = positionals.slice(takes.length);
  if (further !== undefined) throw new UsageError(`Unexpected argument '${further}'.`);
  const [missing] = takes.slice(positionals.length);
  if (missing !== undefined) throw new UsageError(`Give ${missing}.`);
  return { values: values as OptionValues<Known>, positionals };
}

function parsed(args: readonly string[], options: Options): Arguments<Options> {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options }) as Arguments<Options>;
  } catch (error) {
    if (codeOf(error)?.startsWith('ERR_PARSE_ARGS_')) throw new UsageError(reasonOf(error), { cause: error });
    throw error;
  }
}
