import { Module, type OnApplicationBootstrap, type OnApplicationShutdown, Inject } from '@nestjs/common';
import * as erasureCommands from './erasure.commands.js';
import { handlersOf } from '../ledger/ledger-command.js';
import { ErasureController } from './erasure.controller.js';
import { ErasableContents } from './erasure.queries.js';
import { ERASURE_WORKER, erasureWorker } from './erasure.worker.js';
import type { Worker } from '../ledger/worker.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';

/** Erasure of sealed content. The public history holds only a commitment to such content. */
@Module({
  controllers: [ErasureController],
  providers: [
    ...handlersOf(erasureCommands),
    {
      provide: ErasableContents,
      inject: [RUNTIME],
      useFactory: ({ pool, log }: Runtime) => new ErasableContents(pool, log),
    },
    {
      provide: ERASURE_WORKER,
      inject: [ErasableContents, RUNTIME],
      useFactory: (contents: ErasableContents, { log }: Runtime) => erasureWorker(contents, log),
    },
  ],
})
export class ErasureModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(@Inject(ERASURE_WORKER) private readonly worker: Worker) {}

  onApplicationBootstrap(): void {
    this.worker.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.worker.stop();
  }
}
