import { Module } from '@nestjs/common';
import { Lifecycle } from './lifecycle';
import { Metrics } from './metrics';
import { Readiness } from './readiness';

/** State of the process that many modules read. */
@Module({ providers: [Lifecycle, Metrics, Readiness], exports: [Lifecycle, Metrics, Readiness] })
export class RuntimeModule {}
