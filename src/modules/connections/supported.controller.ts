import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { isInstalled, registeredDrivers } from '../../drivers';
import type { Capabilities, ConnectionType, OptionDescription } from '../../drivers/driver';
import { ApiAnswer } from '../../http/api-answer';

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

const supportedExample = {
  type: 'postgresql',
  label: 'PostgreSQL',
  driver: 'pg',
  installed: true,
  capabilities: {
    schemas: true,
    readOnlyTransactions: true,
    cancel: true,
    cursors: true,
    parameters: 'numbered',
    writes: true,
    explain: true,
    schemaless: false,
    procedures: true,
  },
  defaultPort: 5432,
  options: [
    { name: 'searchPath', type: 'string[]', description: 'Schemas in which unqualified names are looked up' },
  ],
} satisfies SupportedEngine;

@ApiTags('Connections')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database/supported')
export class SupportedController {
  @Get()
  @Requires('connections.read')
  @ApiOperation({ summary: 'Kinds of databases, what each can do, and whether its driver is installed' })
  @ApiAnswer({ items: [supportedExample] })
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
