export { type Digest, EXPORTED_KINDS, type ExportedKind, type Lines } from './format.js';
export { type ImportCount, type ImportReport, verifyLines } from './import.js';
export { Transfer, type TransferOptions } from './transfer.js';
