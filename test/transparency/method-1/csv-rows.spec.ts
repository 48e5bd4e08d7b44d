import fc from 'fast-check';
import { capacityReport } from '../../../src/transparency/method-1/capacity-report.js';
import { capitalReport } from '../../../src/transparency/method-1/capital-report.js';
import { capacityRows, capitalRows, equalAccessRows } from '../../../src/transparency/method-1/csv-rows.js';
import { equalAccessReport } from '../../../src/transparency/method-1/equal-access-report.js';
import { fold, initialFoldState } from '../../../src/transparency/method-1/fold.js';
import { randomHistory } from '../history.js';
import { stories } from '../stories.js';

describe('lines for CSV', () => {
  it('have the same columns in every line of a table and nothing nested in a cell', () => {
    fc.assert(
      fc.property(stories, (choices) => {
        const state = randomHistory(choices).history.events.reduce(fold, initialFoldState());
        const access = equalAccessRows(equalAccessReport(state));
        for (const rows of [access, capitalRows(capitalReport(state)), capacityRows(capacityReport(state))]) {
          const columns = Object.keys(rows[0] ?? {});
          for (const row of rows) {
            expect(Object.keys(row)).toEqual(columns);
            for (const cell of Object.values(row)) expect(cell === null || typeof cell !== 'object').toBe(true);
            expect(row).toMatchObject({ position: state.position, methodVersion: '1.0' });
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('hold an empty cell for a figure that is not defined, with its reason in a column of its own', () => {
    const [line] = equalAccessRows(equalAccessReport(initialFoldState()));
    expect(line).toMatchObject({
      scope: 'category',
      category: 'start-up',
      country: null,
      submitted: 0,
      successRate: null,
      successRateLow: null,
    });
    expect(line?.['reasons']).toContain('successRate=no-decisions');
  });
});
