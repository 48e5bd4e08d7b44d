import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { accessRequest, grantOf } from './access-request.js';
import type { Answer, CommandContext } from '../ledger/command-context.js';
import { Ledger } from '../ledger/ledger.js';
import { allocate, releaseAllocation } from './allocation.js';
import { ownFacility } from '../compute/own-facility.js';
import type { AllocateDto, ReleaseAllocationDto } from './allocation.dto.js';
import { facility } from '../compute/facility.js';

/** Recorded where nobody said why. */
const GIVEN_BACK = 'given-back';

export class AllocateChips extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly body: AllocateDto,
  ) {
    super();
  }
}

@CommandHandler(AllocateChips)
export class AllocateChipsHandler implements ICommandHandler<AllocateChips> {
  constructor(private readonly ledger: Ledger) {}

  /** Reads the grant as well, so that a revocation on its way to the store makes the allocation be decided again. */
  execute({ context, id, body }: AllocateChips): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const at = ownFacility(tx, id);
      const grant = grantOf(body.grantId, tx.existing(accessRequest, body.grantId));
      const allocationId = tx.newId('allocation');
      tx.append(facility, id, allocate(at, id, grant, { ...body, allocationId }));
      return { allocationId };
    });
  }
}

export class ReleaseAllocation extends Command<Answer> {
  constructor(
    readonly context: CommandContext,
    readonly id: string,
    readonly allocationId: string,
    readonly body: ReleaseAllocationDto,
  ) {
    super();
  }
}

@CommandHandler(ReleaseAllocation)
export class ReleaseAllocationHandler implements ICommandHandler<ReleaseAllocation> {
  constructor(private readonly ledger: Ledger) {}

  execute({ context, id, allocationId, body }: ReleaseAllocation): Promise<Answer> {
    return this.ledger.execute(context, (tx) => {
      const released = releaseAllocation(ownFacility(tx, id), allocationId, body.at, body.reason ?? GIVEN_BACK);
      tx.append(facility, id, released);
      return { allocationId };
    });
  }
}

export const allocationCommandHandlers = [AllocateChipsHandler, ReleaseAllocationHandler];
