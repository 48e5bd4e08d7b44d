import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { handlersOf } from '../ledger/ledger-command.js';
import * as erasureCommands from './erasure.commands.js';
import { ErasureController } from './erasure.controller.js';
import { ErasableContents } from './erasure.queries.js';
import { ErasureWorker } from './erasure.worker.js';
import { RUNTIME, type Runtime } from '../platform/runtime.js';

/** Erasure of sealed content, which the public history only commits to. */
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
      provide: ErasureWorker,
      inject: [ErasableContents, RUNTIME],
      useFactory: (contents: ErasableContents, { log }: Runtime) => new ErasureWorker(contents, log),
    },
  ],
})
export class ErasureModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly worker: ErasureWorker) {}

  onApplicationBootstrap(): void {
    this.worker.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.worker.stop();
  }
}
