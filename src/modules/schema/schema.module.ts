import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ConnectionsModule } from '../connections/connections.module';
import { CachedColumn } from './cached-column.entity';
import { CachedTable } from './cached-table.entity';
import { SchemaCache } from './schema-cache';
import { SchemaController } from './schema.controller';
import { SchemaReader } from './schema.reader';

@Module({
  imports: [TypeOrmModule.forFeature([CachedTable, CachedColumn]), ConnectionsModule],
  controllers: [SchemaController],
  providers: [SchemaCache, SchemaReader],
  exports: [SchemaReader],
})
export class SchemaModule {}
