export { findingsOf } from './findings.js';
export { gather, type LockFigures, lockFiguresOf, type ReflectionContext } from './gather.js';
