import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { isInstalled, registeredDrivers } from '../../drivers';
import type { Capabilities, ConnectionType, OptionDescription } from '../../drivers/driver';

interface SupportedEngine {
  readonly type: ConnectionType;
  readonly label: string;
  /** The npm package that speaks to the server. */
  readonly driver: string;
  readonly installed: boolean;
  readonly capabilities: Capabilities;
  readonly defaultPort: number | null;
  readonly options: readonly OptionDescription[];
}

@ApiTags('Connections')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database/supported')
export class SupportedController {
  @Get()
  @Requires('connections.read')
  @ApiOperation({ summary: 'Kinds of databases, what each can do, and whether its driver is installed' })
  list(): { items: SupportedEngine[] } {
    return {
      items: registeredDrivers().map(({ description }) => ({
        type: description.type,
        label: description.label,
        driver: description.driverPackage,
        installed: isInstalled(description),
        capabilities: description.capabilities,
        defaultPort: description.defaultPort,
        options: description.options,
      })),
    };
  }
}
