export { pruneBackups } from './backup/prune.js';
export { checkBackup, type Restored, restoreBackup } from './backup/restore.js';
export { type Backup, summaryOf, takeBackup } from './backup/take.js';
