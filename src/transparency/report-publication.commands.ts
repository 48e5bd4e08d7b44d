import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { Ledger } from '../ledger/ledger.js';
import { formatInstant } from '../ledger/time.js';
import { decideCorrectiveAction, periodEnd, publishReport, report } from './publication.js';
import type { DecideCorrectiveActionDto, PublishReportDto } from './report-publication.dto.js';
import { Publications } from './report-publication.queries.js';

export class PublishReport extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly body: PublishReportDto,
  ) {
    super();
  }
}

@CommandHandler(PublishReport)
export class PublishReportHandler implements ICommandHandler<PublishReport> {
  constructor(
    private readonly ledger: Ledger,
    private readonly publications: Publications,
  ) {}

  /** The texts are stored before the event that names them: what was published can always be given out. */
  async execute({ context, body }: PublishReport): Promise<Answer> {
    const facts = await this.publications.prepare(body.kind, formatInstant(periodEnd(body)));
    return this.ledger.execute(context, (tx) => {
      const id = tx.newId();
      tx.create(report, id);
      const events = publishReport(body, facts, tx.now);
      tx.append(report, id, events);
      const { interim = false, treeSize, root, methodVersion, sha256, streams } = events[0].data;
      return { interim, treeSize, root, methodVersion, sha256, streams };
    });
  }
}

export class DecideCorrectiveAction extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly body: DecideCorrectiveActionDto,
  ) {
    super();
  }
}

@CommandHandler(DecideCorrectiveAction)
export class DecideCorrectiveActionHandler implements ICommandHandler<DecideCorrectiveAction> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, body }: DecideCorrectiveAction): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const actionId = tx.newId('action');
      const current = tx.target(report, body.reportId);
      tx.append(report, body.reportId, decideCorrectiveAction(current, body, actionId, tx.now));
      return { actionId };
    });
  }
}

export const publicationCommandHandlers = [PublishReportHandler, DecideCorrectiveActionHandler];
