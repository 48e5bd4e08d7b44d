import { ledgerCommand, preparedLedgerCommand } from '../../ledger/ledger-command.js';
import { decideCorrectiveAction, publishReport, report } from '../events/publication.js';
import { DecideCorrectiveActionDto, PublishReportDto } from './report-publication.dto.js';
import { Publications } from './report-publication.queries.js';

/** The texts are stored before the event that names them: a published report can always be served. */
export const PublishReport = preparedLedgerCommand(
  {
    body: PublishReportDto,
    uses: Publications,
    refusals: [
      'nothing-to-report',
      'period-not-begun',
      'period-out-of-order',
      'position-not-reached',
      'report-not-ready',
      'too-many-reports',
    ],
  },
  async (publications, { body }) => {
    const facts = await publications.prepare(body.kind, body);
    return {
      decide: (tx) => {
        const id = tx.newId();
        tx.create(report, id);
        const events = publishReport(body, facts, tx.now);
        tx.append(report, id, events);
        const { interim = false, treeSize, root, methodVersion, sha256, streams } = events[0].data;
        return { interim, treeSize, root, methodVersion, sha256, streams };
      },
    };
  },
);

export const DecideCorrectiveAction = ledgerCommand(
  {
    body: DecideCorrectiveActionDto,
    refusals: ['report-without-imbalance', 'stale-revision', 'too-many-corrective-actions', 'unknown-report'],
  },
  (tx, { body }) => {
    const actionId = tx.newId('action');
    const current = tx.target(report, body.reportId);
    tx.append(report, body.reportId, decideCorrectiveAction(current, body, actionId, tx.now));
    return { actionId };
  },
);
