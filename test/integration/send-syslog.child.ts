import { sendSyslog } from '../../src/modules/ledger/feed/send-syslog';

/** Authorities are read when a process starts (`NODE_EXTRA_CA_CERTS`). Prints `sent`, or why not. */
const [, , address, message] = process.argv;
sendSyslog(new URL(address!), [message!]).then(
  () => process.stdout.write('sent'),
  (error: NodeJS.ErrnoException) => process.stdout.write(error.code ?? error.message),
);
