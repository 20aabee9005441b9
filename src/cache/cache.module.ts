import { Global, Module } from '@nestjs/common';
import { RuntimeModule } from '../common/runtime.module';
import { CacheService } from './cache.service';

@Global()
@Module({ imports: [RuntimeModule], providers: [CacheService], exports: [CacheService] })
export class CacheModule {}
