export { defineMachine, type MachineConfig } from './machine-config.js';
export { type OpenMachine, type OpenMachineOptions, openMachine } from './open-machine.js';
export { pathInside } from './path-inside.js';
export type { SuiteResult } from './suite-result.js';
