import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RuntimeModule } from '../../common/runtime.module';
import { AuditModule } from '../audit/audit.module';
import { ConnectionsModule } from '../connections/connections.module';
import { SealingModule } from '../sealing/sealing.module';
import { ConnectionPolicies } from './connection-policies.entity';
import { PoliciesController } from './policies.controller';
import { PoliciesService } from './policies.service';
import { PolicyChecker } from './policy-checker';
import { RelationCatalog } from './relation-catalog';
import { RelationVisibility } from './relation-visibility';
import { StatementPlanner } from './statement-planner';

@Module({
  imports: [
    TypeOrmModule.forFeature([ConnectionPolicies]),
    AuditModule,
    ConnectionsModule,
    RuntimeModule,
    SealingModule,
  ],
  controllers: [PoliciesController],
  providers: [PoliciesService, PolicyChecker, RelationCatalog, RelationVisibility, StatementPlanner],
  exports: [PoliciesService, RelationCatalog, RelationVisibility, StatementPlanner],
})
export class PoliciesModule {}
