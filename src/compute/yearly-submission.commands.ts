import { IdParams } from '../http/validation.js';
import { preparedLedgerCommand } from '../ledger/ledger-command.js';
import { facility } from './facility.js';
import { OWN_FACILITY, ownFacility } from './own-facility.js';
import { RecordedHistory } from './recorded-history.queries.js';
import { submitYear } from './yearly-submission.js';
import { SubmitYearDto } from './yearly-submission.dto.js';

export const SubmitYear = preparedLedgerCommand(
  {
    params: IdParams,
    body: SubmitYearDto,
    uses: RecordedHistory,
    refusals: [
      ...OWN_FACILITY,
      'data-position-not-recorded',
      'submission-date-out-of-range',
      'too-many-yearly-submissions',
    ],
  },
  async (history, { id, body }) => {
    const head = await history.head();
    return {
      decide: (tx) => {
        const events = submitYear(ownFacility(tx, id), body, head, tx.now);
        tx.append(facility, id, events);
        const { year, version, isLate = false } = events[0].data;
        return { year, version, isLate };
      },
    };
  },
);
