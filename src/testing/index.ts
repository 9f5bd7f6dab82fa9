export { createTestHoldfast, type TestHoldfastOptions } from './create-test-holdfast.js';
export { type Fault, type FaultSeen, FaultyDatabase } from './faulty-database.js';
export { TestHoldfast } from './test-holdfast.js';
export { VirtualClock } from './virtual-clock.js';
