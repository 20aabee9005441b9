import { Module } from '@nestjs/common';
import { RuntimeModule } from '../../common/runtime.module';
import { HealthController } from './health.controller';
import { MetricsController } from './metrics.controller';

@Module({ imports: [RuntimeModule], controllers: [HealthController, MetricsController] })
export class HealthModule {}
