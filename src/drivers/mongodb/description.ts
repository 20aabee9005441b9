import type { DriverDescription } from '../driver';

export const mongodbDescription: DriverDescription = {
  type: 'mongodb',
  label: 'MongoDB',
  dialect: 'mongodb',
  driverPackage: 'mongoose',
  capabilities: {
    schemas: false,
    readOnlyTransactions: false,
    cancel: true,
    cursors: true,
    parameters: 'none',
    writes: true,
    explain: true,
    schemaless: true,
    procedures: false,
  },
  defaultPort: 27017,
  options: [
    {
      name: 'authSource',
      type: 'string',
      description: 'The database that holds the account.',
      default: 'admin',
    },
    {
      name: 'authMechanism',
      type: 'string',
      description: 'SCRAM-SHA-256 or SCRAM-SHA-1; negotiated when omitted.',
    },
    {
      name: 'replicaSet',
      type: 'string',
      description: 'The name of the replica set to find the members of.',
    },
    {
      name: 'directConnection',
      type: 'boolean',
      description:
        'Speak to the one host only, without asking it for others. True for one host without a replica set.',
    },
    {
      name: 'readPreference',
      type: 'string',
      description: 'primary, primaryPreferred, secondary, secondaryPreferred or nearest.',
      default: 'primary',
    },
  ],
};
