import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { CurrentCaller } from '../../common/caller.decorator';
import type { Caller } from '../../common/principal';
import { ApiAnswer } from '../../http/api-answer';
import type { JobReport } from './job';
import { Jobs, type JobView } from './jobs.service';

const example = {
  name: 'history',
  description: 'Deletes runs older than history_retention_days',
  everySeconds: 86_400,
  startedAt: '2026-11-20T03:00:00.000Z',
  finishedAt: '2026-11-20T03:00:01.000Z',
  error: null,
  report: { deleted: 1200 },
};

@ApiTags('Jobs')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('jobs')
export class JobsController {
  constructor(private readonly jobs: Jobs) {}

  @Get()
  @Requires('settings.manage')
  @ApiOperation({ summary: 'Jobs of the cluster, with their last runs' })
  @ApiAnswer({ items: [example] })
  async list(): Promise<{ items: JobView[] }> {
    return { items: await this.jobs.list() };
  }

  /** Runs it now, on this replica, and answers when it is done. */
  @Post(':name/run')
  @HttpCode(200)
  @Requires('settings.manage')
  @ApiOperation({ summary: 'Run a job by hand' })
  @ApiAnswer({ report: example.report })
  async run(@Param('name') name: string, @CurrentCaller() caller: Caller): Promise<{ report: JobReport }> {
    return { report: await this.jobs.runNow(caller, name) };
  }
}
