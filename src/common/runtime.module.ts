import { Module } from '@nestjs/common';
import { Lifecycle } from './lifecycle';
import { Metrics } from './metrics';

/** State of the process that many modules read. */
@Module({ providers: [Lifecycle, Metrics], exports: [Lifecycle, Metrics] })
export class RuntimeModule {}
