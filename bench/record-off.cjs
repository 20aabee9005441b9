// Loaded before the service by bench/record.ts: the same service, whose group commit makes the checks and writes nothing.
// It exists here only; there is no setting, variable or build of the service that switches its record off.
const path = require('node:path');
const { GroupCommit } = require(path.join(__dirname, '..', 'dist', 'database', 'group-commit.js'));

const { write } = GroupCommit.prototype;
const isRun = ({ statement }) => statement.name.startsWith('history_');

GroupCommit.prototype.write = function (writes, checks) {
  return write.call(this, writes.some(isRun) ? [] : writes, checks);
};
GroupCommit.prototype.writeLater = () => Promise.resolve();
