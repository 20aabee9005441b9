import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { CacheService } from '../../cache/cache.service';
import { Public } from '../../common/access';
import { AppError } from '../../common/app-error';
import { Lifecycle } from '../../common/lifecycle';
import { Readiness } from '../../common/readiness';
import { checkReadiness } from './check-readiness';
import { LiveAnswer, ReadyAnswer } from './health.view';

const DEADLINE_MS = 2000;

@ApiTags('Health')
@Controller('health')
export class HealthController {
  constructor(
    @InjectDataSource() dataSource: DataSource,
    cache: CacheService,
    private readonly lifecycle: Lifecycle,
    private readonly readiness: Readiness,
  ) {
    readiness.add({ name: 'database', run: () => dataSource.query('SELECT 1'), required: true });
    readiness.add({ name: 'cache', run: () => cache.ping(), required: true });
  }

  @Get('live')
  @Public()
  @ApiOperation({ summary: 'Whether the process answers' })
  @ApiOkResponse({ type: LiveAnswer })
  live(): LiveAnswer {
    return { status: 'up' };
  }

  /**
   * Really asks: the system database, and the cache when there is a shared one. What else is down is shown, and does
   * not make the service unready.
   */
  @Get('ready')
  @Public()
  @ApiOperation({ summary: 'Whether requests can be served' })
  @ApiOkResponse({ type: ReadyAnswer })
  @ApiServiceUnavailableResponse({ description: 'A problem that names what is down' })
  async ready(): Promise<ReadyAnswer> {
    if (this.lifecycle.isStopping)
      throw new AppError('service.shutting_down', undefined, { retryAfterSeconds: 1 });
    const checks = await checkReadiness(this.readiness.checks, DEADLINE_MS);
    const down = this.readiness.checks
      .filter(({ name, required }) => required && checks[name] === 'down')
      .map(({ name }) => name);
    if (down.length > 0) {
      throw new AppError('service.unavailable', `Down: ${down.join(', ')}`, {
        retryAfterSeconds: 1,
        extra: checks,
      });
    }
    return { status: 'ready', checks };
  }
}
