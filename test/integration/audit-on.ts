import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { systemDataSourceOptions } from '../../src/database/data-source-options';
import { GroupCommit } from '../../src/database/group-commit';
import { Instance } from '../../src/database/instance';
import { AuditService } from '../../src/modules/audit/audit.service';
import { ChainKeeperJob } from '../../src/modules/audit/chain-keeper.job';
import { ChainWriter } from '../../src/modules/audit/chain/chain.writer';
import { AuditOutbox } from '../../src/modules/audit/outbox';

export interface AuditParts {
  readonly source: DataSource;
  readonly commit: GroupCommit;
  readonly instance: Instance;
  readonly writer: ChainWriter;
  readonly outbox: AuditOutbox;
  readonly audit: AuditService;
  readonly keeper: ChainKeeperJob;
}

/** What records on a system database, as one process of the service has it. */
export function auditOn(source: DataSource, auditSigningSeed: Buffer = randomBytes(32)): AuditParts {
  const commit = new GroupCommit(source);
  const instance = new Instance(source);
  const writer = new ChainWriter(commit, instance);
  const outbox = new AuditOutbox({ auditSigningSeed }, source, commit, instance);
  const audit = new AuditService(source, commit, outbox, writer);
  const keeper = new ChainKeeperJob(source, instance, outbox, audit);
  return { source, commit, instance, writer, outbox, audit, keeper };
}

/** A replica of the record on `url` that lives until `end`; `applicationName` tells its sessions apart. */
export async function startAudit(
  url: string,
  seed: Buffer,
  applicationName = 'sluice',
): Promise<AuditParts & { end(): Promise<void> }> {
  const options = { ...systemDataSourceOptions(url, 8), applicationName };
  const source = await new DataSource(options).initialize();
  const parts = auditOn(source, seed);
  await parts.instance.onModuleInit();
  return {
    ...parts,
    async end() {
      await parts.commit.beforeApplicationShutdown();
      await parts.instance.beforeApplicationShutdown();
      await source.destroy();
    },
  };
}
