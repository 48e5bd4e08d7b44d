import { tableText } from '../../src/demo/text-table.js';

describe('a table for a terminal', () => {
  it('aligns its columns by visible characters and ends with its notes', () => {
    const text = tableText({
      title: 'Access',
      columns: [
        { title: 'country', align: 'left' },
        { title: 'hours', align: 'right' },
      ],
      rows: [
        ['Åland', '1,200'],
        ['𝔉inland', '7'],
      ],
      notes: ['Position 3.'],
    });
    expect(text.split('\n')).toEqual([
      'Access',
      '',
      'country  hours',
      '-------  -----',
      'Åland    1,200',
      '𝔉inland      7',
      '',
      'Position 3.',
      '',
    ]);
  });

  it('has a head and no rows when there is nothing to show', () => {
    expect(tableText({ title: 'T', columns: [{ title: 'a', align: 'left' }], rows: [], notes: [] })).toBe(
      'T\n\na\n-\n\n',
    );
  });
});
