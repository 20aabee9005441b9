import { Global, Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { RuntimeModule } from '../common/runtime.module';
import { systemDataSourceOptions } from './data-source-options';
import { DatabaseMetrics } from './database.metrics';
import { GroupCommit } from './group-commit';
import { Instance } from './instance';
import { runMigrations } from './run-migrations';
import { SYSTEM_DATABASE, type SystemDatabase } from './system-database';
import { SignalBus } from './signal-bus';

/** The system database, migrated before anything else of the service starts. */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(database: SystemDatabase, poolSize: number): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        RuntimeModule,
        TypeOrmModule.forRootAsync({
          useFactory: () => ({
            ...systemDataSourceOptions(database.url, poolSize),
            autoLoadEntities: true,
            retryAttempts: 0,
          }),
          dataSourceFactory: async (options) => {
            if (!options) throw new Error('the system data source has no options');
            const dataSource = await new DataSource(options).initialize();
            await runMigrations(dataSource);
            return dataSource;
          },
        }),
      ],
      providers: [
        { provide: SYSTEM_DATABASE, useValue: database },
        DatabaseMetrics,
        GroupCommit,
        Instance,
        SignalBus,
      ],
      exports: [SYSTEM_DATABASE, GroupCommit, Instance, SignalBus],
    };
  }
}
