import { Rows } from '../../src/ledger/projector/projection.js';

describe('the rows of a batch', () => {
  const rowsFor = (...ids: string[]): Rows => new Rows(new Map([['things', new Set(ids)]]));

  it('do not exist when the store did not find them', () => {
    expect(rowsFor('a').get('things', 'a')).toBeUndefined();
    expect(() => rowsFor('a').need('things', 'a')).toThrow('There is no row a in things.');
  });

  it('may not be read when they were not loaded', () => {
    expect(() => rowsFor('a').get('things', 'b')).toThrow('not among those that the event touches');
    expect(() => rowsFor('a').get('others', 'a')).toThrow('not among those that the event touches');
    expect(() => rowsFor('a').patch('things', 'b', {})).toThrow('not among those that the event touches');
  });

  it('show the changes of earlier events of the batch', () => {
    const rows = rowsFor('a');
    rows.load('things', { id: 'a', count: 1 });
    rows.patch('things', 'a', { count: 2 });
    rows.put('things', 'b', { count: 7 });
    expect(rows.get('things', 'b')).toEqual({ id: 'b', count: 7 });
    expect(rows.has('things', 'c')).toBe(false);
    expect(rows.changes().get('things')).toEqual([rows.get('things', 'a'), rows.get('things', 'b')]);
    expect(rows.get('things', 'a')).toEqual({ id: 'a', count: 2 });
  });
});
