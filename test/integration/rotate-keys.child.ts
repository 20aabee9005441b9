import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { parseEncryptionKeys } from '../../src/config/encryption-keys';
import { KeyRotationJob } from '../../src/modules/sealing/key-rotation.job';
import { Vault } from '../../src/modules/sealing/vault';
import { auditOn } from './audit-on';

/** A process that brings everything sealed under the first of its keys, to be killed while it does. */
async function main([url, keys, ...columns]: string[]): Promise<void> {
  const dataSource = await new DataSource({ type: 'postgres', url, entities: [] }).initialize();
  const vault = new Vault({ encryptionKeys: parseEncryptionKeys(keys!) });
  for (const place of columns) {
    const [table, column] = place.split('.') as [string, string];
    vault.register({ table, column });
  }
  process.stdout.write('ready\n');
  const job = new KeyRotationJob(dataSource, vault, auditOn(dataSource).audit);
  process.stdout.write(`${JSON.stringify(await job.rotate())}\n`);
  process.exit(0);
}

void main(process.argv.slice(2));
