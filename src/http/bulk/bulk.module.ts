import { Module } from '@nestjs/common';
import { BulkController } from './bulk.controller.js';
import { Bulk } from './bulk.js';
import { CommandRoutes } from '../command-routes.js';

/** Many commands in one call: finds the commands of all features by their routes, and knows no feature by name. */
@Module({ controllers: [BulkController], providers: [Bulk, CommandRoutes] })
export class BulkModule {}
