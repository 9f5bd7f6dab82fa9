export { exportLines } from './export.js';
export type { Digest, ExportedKind } from './format.js';
export { type ImportCount, type ImportReport, importLines, verifyLines } from './import.js';
