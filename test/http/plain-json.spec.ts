import { JSON_DEPTH_MAX, requirePlainJson } from '../../src/http/plain-json.js';
import { refusalOf } from '../support/given.js';

const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);

describe('plain JSON', () => {
  it('accepts values of every kind', () => {
    for (const body of [null, 1, 'constructor', [], { a: [{ b: null }], 'c/d': 'e' }]) {
      expect(() => requirePlainJson(body)).not.toThrow();
    }
  });

  it('accepts the deepest allowed nesting and refuses one level more', () => {
    expect(() => requirePlainJson(nested(JSON_DEPTH_MAX))).not.toThrow();
    expect(refusalOf(() => requirePlainJson(nested(JSON_DEPTH_MAX + 1)))).toMatchObject({ code: 'json-too-deep' });
  });

  it('refuses a megabyte of brackets without overflowing the stack', () => {
    expect(refusalOf(() => requirePlainJson(nested(500_000))).kind).toBe('invalid');
  });

  it('refuses names that objects inherit, at any level, and points to them', () => {
    for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      const body: unknown = JSON.parse(`{"a/b": [{"${name}": 5}]}`);
      expect(refusalOf(() => requirePlainJson(body))).toMatchObject({
        code: 'field-name-refused',
        errors: [{ pointer: `/a~1b/0/${name}` }],
      });
    }
  });
});
