import { Controller, Delete, HttpCode, Param, ParseUUIDPipe } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { CurrentCaller } from '../../common/caller.decorator';
import type { Caller } from '../../common/principal';
import { batchWrite } from '../../database/batch-statement';
import { GroupCommit } from '../../database/group-commit';
import { Instance } from '../../database/instance';
import { byCaller, type AuditEvent } from '../audit/audit-event';
import { auditInsert } from '../audit/audit-insert';
import { ConnectionDirectory } from '../connections/connection-directory';
import { placeOf } from './write-place';
import { raiseGeneration } from './write-statements';

@ApiTags('Connections')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database/connections')
export class ResultCacheController {
  constructor(
    private readonly directory: ConnectionDirectory,
    private readonly groupCommit: GroupCommit,
    private readonly instance: Instance,
  ) {}

  @Delete(':id/cache')
  @HttpCode(204)
  @Requires('connections.manage')
  @ApiOperation({
    summary: 'Forget what was read from the database of this connection, on every replica',
    description:
      'For changes that were not made through the service. Cached results of before are not used again, and the catalog is read anew.',
  })
  async forget(@Param('id', ParseUUIDPipe) id: string, @CurrentCaller() caller: Caller): Promise<void> {
    const connection = await this.directory.require(id);
    const event: AuditEvent = {
      ...byCaller(caller),
      action: 'cache.forget',
      resourceType: 'connection',
      resourceId: id,
      result: 'success',
    };
    await this.directory.forgetSchema(connection);
    // One commit: the change and its record.
    await this.groupCommit.write([
      raiseGeneration(placeOf(connection), this.instance.id),
      batchWrite(auditInsert, event),
    ]);
  }
}
