import * as library from 'class-validator';
import { getMetadataStorage, validateSync } from 'class-validator';
import { AppModule } from '../../src/app.module.js';
import { BulkDto } from '../../src/http/bulk/bulk.dto.js';
import { plainToInstance } from '../../src/http/plain-to-instance.js';

/** The rules that come with the library, by the names that their errors have. */
const LIBRARY_RULES = new Set(Object.values(library).filter((value) => typeof value === 'string'));
/** Rules that make no error of their own. */
const WITHOUT_TEXT = new Set(['conditionalValidation', 'whitelistValidation']);

interface Rule {
  readonly type: string;
  readonly name?: string;
  readonly message?: unknown;
  readonly target: { readonly name: string };
  readonly propertyName: string;
}

describe('the sentences of refused fields', () => {
  it('are those of the house, for every rule of every body, query and parameter', () => {
    // The module of the application loads the classes of all routes.
    expect(AppModule).toBeDefined();
    const { validationMetadatas } = getMetadataStorage() as unknown as {
      readonly validationMetadatas: ReadonlyMap<unknown, readonly Rule[]>;
    };
    const rules = [...validationMetadatas.values()].flat();
    expect(rules.length).toBeGreaterThan(200);
    expect(LIBRARY_RULES.has('arrayMinSize')).toBe(true);
    const withLibraryText = rules.filter(({ type, name, message }) => {
      if (WITHOUT_TEXT.has(type)) return false;
      return message === undefined && (name === undefined || LIBRARY_RULES.has(name));
    });
    expect(withLibraryText.map(({ target, propertyName, name }) => `${target.name}.${propertyName}: ${name}`)).toEqual(
      [],
    );
  });

  it('say what a list must be', () => {
    const textsOf = (commands: unknown) =>
      validateSync(plainToInstance(BulkDto, { commands })).flatMap(({ constraints, children }) => [
        ...Object.values(constraints ?? {}),
        ...(children ?? []).flatMap((child) => Object.values(child.constraints ?? {})),
      ]);
    const list = 'commands must be a list of 1 to 1000 objects.';
    for (const wrong of [undefined, null, 7, {}, [], [[]], Array.from({ length: 1_001 }, () => ({}))]) {
      expect(textsOf(wrong)).toContain(list);
    }
    expect(textsOf([7])).toEqual(['Every item of commands must be an object.']);
    const command = { key: 'k', method: 'POST', path: '/v1/partners' };
    expect(textsOf([command])).toEqual([]);
    expect(textsOf(Array.from({ length: 1_000 }, () => command))).toEqual([]);
  });
});
