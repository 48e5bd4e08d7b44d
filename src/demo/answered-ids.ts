import { ApiFailure } from '../client/api-client.js';
import { isRef, PATH_REFERENCE } from './command-list.js';
import type { DemoCommand, DemoValue } from './command-list.js';

/** The ids in the answers to commands, by command name. Later commands refer to these ids. */
export class AnsweredIds {
  private readonly ids = new Map<string, string>();

  note(name: string, id: string): void {
    this.ids.set(name, id);
  }

  /** @throws ApiFailure when the path refers to a command that has no answer yet */
  pathOf({ path }: Pick<DemoCommand, 'path'>): string {
    return path.replace(PATH_REFERENCE, (_, name: string) => this.idOf(name));
  }

  /** The value with ids in place of references. @throws ApiFailure as `pathOf` */
  resolved(value: DemoValue): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (isRef(value)) return this.idOf(value.ref);
    if (Array.isArray(value)) return value.map((each: DemoValue) => this.resolved(each));
    return Object.fromEntries(Object.entries(value).map(([field, each]) => [field, this.resolved(each)]));
  }

  private idOf(name: string): string {
    const id = this.ids.get(name);
    if (id === undefined) throw new ApiFailure(`The id of ${name} is needed before it was answered.`);
    return id;
  }
}
