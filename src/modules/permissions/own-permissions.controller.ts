import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { CurrentCaller } from '../../common/caller.decorator';
import type { Page } from '../../common/pagination';
import type { Caller } from '../../common/principal';
import { ApiPage } from '../../http/api-answer';
import { PermissionView } from './permission.dto';
import { permissionView } from './permission-view';
import { PermissionsService } from './permissions.service';

@ApiTags('Permissions')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database/permissions')
export class OwnPermissionsController {
  constructor(private readonly permissions: PermissionsService) {}

  /** Administrators may do everything on every connection, whatever is listed here. */
  @Get()
  @Requires('self.manage')
  @ApiOperation({ summary: 'What the caller may do on which connection' })
  @ApiPage(PermissionView)
  async list(@CurrentCaller() { principal }: Caller): Promise<Page<PermissionView>> {
    const rows = await this.permissions.allOf(principal.userId);
    return { items: rows.map(permissionView), nextCursor: null };
  }
}
