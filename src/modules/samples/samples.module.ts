import { Module } from '@nestjs/common';
import { ConnectionsModule } from '../connections/connections.module';
import { SamplesService } from './samples.service';

@Module({ imports: [ConnectionsModule], providers: [SamplesService] })
export class SamplesModule {}
