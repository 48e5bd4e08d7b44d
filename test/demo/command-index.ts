import { isRef } from '../../src/demo/command-list.js';
import type { DemoCommand, DemoValue } from '../../src/demo/command-list.js';

/** Finds commands of the programme in the form that the ledger receives, without the generator's own data. */
export class CommandIndex {
  constructor(private readonly commands: readonly DemoCommand[]) {}

  /** Commands to a route. The route has the form of the API's document: `/v1/commitments/{}/calls`. */
  to(route: string): DemoCommand[] {
    return this.commands.filter(({ path }) => path.replaceAll(/\{[^}]+\}/g, '{}') === route);
  }

  named(name: string): DemoCommand {
    const command = this.commands.find((each) => each.name === name);
    if (command === undefined) throw new Error(`There is no command ${name}.`);
    return command;
  }
}

/** The name in the n-th placeholder of a path. */
export const placeholder = ({ path }: DemoCommand, n = 0): string => [...path.matchAll(/\{([^}]+)\}/g)][n]?.[1] ?? '';

export const text = ({ body, name }: DemoCommand, field: string): string => {
  const value = body[field];
  if (typeof value !== 'string') throw new Error(`${name} has no text in ${field}.`);
  return value;
};

export const amount = (command: DemoCommand, field = 'amountMinor'): bigint => BigInt(text(command, field));

export const whole = ({ body, name }: DemoCommand, field: string): number => {
  const value = body[field];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new Error(`${name} has no number in ${field}.`);
  return value;
};

export const reference = ({ body, name }: DemoCommand, field: string): string => refOf(body[field], `${name} ${field}`);

export function refOf(value: DemoValue | undefined, what: string): string {
  if (value === undefined || !isRef(value)) throw new Error(`${what} is no reference.`);
  return value.ref;
}

export const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, each) => total + each, 0n);
