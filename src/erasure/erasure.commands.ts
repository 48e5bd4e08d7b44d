import { IdParams } from '../http/validation.js';
import { preparedLedgerCommand } from '../ledger/ledger-command.js';
import { ErasePersonalDataDto } from './erasure.dto.js';
import { ErasableContents } from './erasure.queries.js';
import { erasePersonalData, subject } from './erasure.js';

/** The event comes first, then the deletion: a content that is gone was erased on record, and an erased content will be gone. */
export const ErasePersonalData = preparedLedgerCommand(
  {
    params: IdParams,
    body: ErasePersonalDataDto,
    uses: ErasableContents,
    refusals: ['already-erased', 'stale-revision', 'unknown-subject'],
  },
  async (contents, { id, body: { reason } }) => {
    const eventIds = await contents.eventIds(id);
    return {
      decide: (tx) => {
        const current = tx.get(subject, id);
        tx.isAbout(subject, id);
        const events = erasePersonalData(current, { id, reason, eventIds }, tx.now);
        tx.append(subject, id, events);
        return { eventIds: events.flatMap(({ data }) => data.eventIds), erasedAt: tx.now };
      },
      finish: async (answer) => {
        // The ids on record, not the ones found above: this may be the replay of an earlier answer.
        await contents.destroyOrLeave(id, answer['eventIds'] as string[]);
        return answer;
      },
    };
  },
);
