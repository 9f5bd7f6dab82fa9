import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';

const node = {
  environment: 'node',
  pool: 'forks',
} as const;

/** What a file imports is there for the next one: most of the time of short files is their imports. */
const together = { isolate: false } as const;

/** Properties are tried with the same values in every run. */
const seeded = { setupFiles: ['./test/support/seed.ts'] };

/** Whole stories: processes are killed, leases run out, servers come back. */
const patient = {
  testTimeout: 60_000,
  hookTimeout: 60_000,
} as const;

/** Their files share a process: nothing that they change outlives a test. */
const ROOMS = [
  'analysis',
  'client',
  'db',
  'doctor',
  'events',
  'health',
  'http',
  'insights',
  'library',
  'maintenance',
  'messages',
  'outbound',
  'outbox',
  'promises',
  'records',
  'schedules',
  'tasks',
  'transfer',
  'verify',
];
const inRooms = ROOMS.map((room) => `test/${room}/**/*.test.ts`);

/** The command, built. */
const commanded = { globalSetup: './test/support/command-file.ts' } as const;

export default defineConfig({
  test: {
    // Two: the integration tests start processes and servers of their own.
    maxWorkers: 2,
    passWithNoTests: false,
    testTimeout: 15_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    // A machine that is busy may not come to it within the second that is usual.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      {
        extends: true,
        test: {
          ...node,
          ...together,
          ...seeded,
          name: 'unit',
          include: ['src/**/*.test.ts', 'functions/**/*.test.{ts,tsx}'],
        },
      },
      {
        extends: true,
        test: {
          ...node,
          ...together,
          ...seeded,
          ...patient,
          ...commanded,
          name: 'rooms',
          include: inRooms,
        },
      },
      {
        extends: true,
        test: {
          ...node,
          ...patient,
          ...commanded,
          name: 'integration',
          include: ['test/**/*.test.ts'],
          exclude: [...inRooms, 'test/workerd/**'],
        },
      },
      {
        extends: true,
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: { bindings: inject('workerSettings') },
          })),
        ],
        test: {
          name: 'workerd',
          // One file after the other, after all else: they share two databases, and whoever ticks keeps what is due.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          include: ['test/workerd/**/*.test.ts'],
          globalSetup: './test/support/workerd-settings.ts',
          testTimeout: 30_000,
        },
      },
    ],
  },
});
