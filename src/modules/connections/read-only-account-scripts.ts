import { Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error';
import { driverFor } from '../../drivers';
import { ConnectionDirectory } from './connection-directory';

/** The statements an operator runs to give the service an account that can only read. */
@Injectable()
export class ReadOnlyAccountScripts {
  constructor(private readonly directory: ConnectionDirectory) {}

  /** @throws AppError `connection.unsupported_type` for engines without accounts */
  async forConnection(id: string, username: string): Promise<{ statements: readonly string[] }> {
    const record = await this.directory.require(id, true);
    const driver = await driverFor(record.type);
    const config = driver.parseConfig(await this.directory.configOf(record));
    const statements = driver.readOnlyAccountScript(config, { username });
    if (!statements) {
      throw new AppError('connection.unsupported_type', `${driver.description.label} has no accounts`);
    }
    return { statements };
  }
}
