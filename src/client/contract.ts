// Made by `npm run client-contract` from the operations of the API; contract 6392b0290676d60e.
import type { ErrorCode, Json } from '../core/index.js';

/** An error as the API answers it (RFC 9457). */
export interface ProblemView {
  /** urn:holdfast:problem:<code> */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  /** with input-invalid: each field, its rule and what was received */
  readonly issues?: readonly {
    readonly path: string;
    readonly rule: string;
    readonly received: string;
  }[];
}

/** A promise as the API shows it. */
export interface PromiseView {
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  readonly status: 'waiting' | 'pending' | 'in_progress' | 'completed' | 'failed' | 'cancelled';
  readonly priority: number;
  /** any JSON */
  readonly payload: Json;
  readonly key: string | null;
  readonly metadata: Readonly<Record<string, Json>> | null;
  /** attempts begun, the running one included */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** null: the default */
  readonly backoff: {
    readonly kind: 'fixed' | 'linear' | 'exponential' | 'custom';
    /** milliseconds */
    readonly delay?: number;
    /** milliseconds */
    readonly max?: number;
    readonly factor?: number;
    readonly jitter?: number;
    readonly delays?: readonly number[];
  } | null;
  /** milliseconds */
  readonly timeout: number;
  readonly fence: number;
  /** ISO 8601, UTC */
  readonly createdAt: string;
  /** due from this instant on */
  readonly runAt: string;
  /** when the latest attempt began */
  readonly startedAt: string | null;
  readonly settledAt: string | null;
  /** cancelled when it has not begun before */
  readonly expiresAt: string | null;
  readonly concurrencyKey: string | null;
  /** what keeps it waiting: parents, lane or turn */
  readonly waitsFor: string | null;
  readonly progress: {
    readonly percent: number | null;
    readonly message: string | null;
  } | null;
  /** who runs it now */
  readonly worker: string | null;
  /** of the handler that began the attempt that runs now, where it has one */
  readonly handlerVersion: string | null;
  readonly leaseExpiresAt: string | null;
  /** what its task returned; null until it is completed */
  readonly result: Json;
  /** of the latest failed attempt */
  readonly error: {
    readonly code: string;
    readonly message: string;
    /** any JSON */
    readonly details?: Json;
  } | null;
}

/** A promise that was made, or was known already. */
export interface PromiseMade {
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  readonly status: 'waiting' | 'pending' | 'in_progress' | 'completed' | 'failed' | 'cancelled';
  readonly priority: number;
  /** any JSON */
  readonly payload: Json;
  readonly key: string | null;
  readonly metadata: Readonly<Record<string, Json>> | null;
  /** attempts begun, the running one included */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** null: the default */
  readonly backoff: {
    readonly kind: 'fixed' | 'linear' | 'exponential' | 'custom';
    /** milliseconds */
    readonly delay?: number;
    /** milliseconds */
    readonly max?: number;
    readonly factor?: number;
    readonly jitter?: number;
    readonly delays?: readonly number[];
  } | null;
  /** milliseconds */
  readonly timeout: number;
  readonly fence: number;
  /** ISO 8601, UTC */
  readonly createdAt: string;
  /** due from this instant on */
  readonly runAt: string;
  /** when the latest attempt began */
  readonly startedAt: string | null;
  readonly settledAt: string | null;
  /** cancelled when it has not begun before */
  readonly expiresAt: string | null;
  readonly concurrencyKey: string | null;
  /** what keeps it waiting: parents, lane or turn */
  readonly waitsFor: string | null;
  readonly progress: {
    readonly percent: number | null;
    readonly message: string | null;
  } | null;
  /** who runs it now */
  readonly worker: string | null;
  /** of the handler that began the attempt that runs now, where it has one */
  readonly handlerVersion: string | null;
  readonly leaseExpiresAt: string | null;
  /** what its task returned; null until it is completed */
  readonly result: Json;
  /** of the latest failed attempt */
  readonly error: {
    readonly code: string;
    readonly message: string;
    /** any JSON */
    readonly details?: Json;
  } | null;
  /** true when the key was known: this is the promise made before */
  readonly deduplicated: boolean;
}

/** A promise with its failed attempts. */
export interface PromiseDetail {
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  readonly status: 'waiting' | 'pending' | 'in_progress' | 'completed' | 'failed' | 'cancelled';
  readonly priority: number;
  /** any JSON */
  readonly payload: Json;
  readonly key: string | null;
  readonly metadata: Readonly<Record<string, Json>> | null;
  /** attempts begun, the running one included */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** null: the default */
  readonly backoff: {
    readonly kind: 'fixed' | 'linear' | 'exponential' | 'custom';
    /** milliseconds */
    readonly delay?: number;
    /** milliseconds */
    readonly max?: number;
    readonly factor?: number;
    readonly jitter?: number;
    readonly delays?: readonly number[];
  } | null;
  /** milliseconds */
  readonly timeout: number;
  readonly fence: number;
  /** ISO 8601, UTC */
  readonly createdAt: string;
  /** due from this instant on */
  readonly runAt: string;
  /** when the latest attempt began */
  readonly startedAt: string | null;
  readonly settledAt: string | null;
  /** cancelled when it has not begun before */
  readonly expiresAt: string | null;
  readonly concurrencyKey: string | null;
  /** what keeps it waiting: parents, lane or turn */
  readonly waitsFor: string | null;
  readonly progress: {
    readonly percent: number | null;
    readonly message: string | null;
  } | null;
  /** who runs it now */
  readonly worker: string | null;
  /** of the handler that began the attempt that runs now, where it has one */
  readonly handlerVersion: string | null;
  readonly leaseExpiresAt: string | null;
  /** what its task returned; null until it is completed */
  readonly result: Json;
  /** of the latest failed attempt */
  readonly error: {
    readonly code: string;
    readonly message: string;
    /** any JSON */
    readonly details?: Json;
  } | null;
  /** every attempt that failed or crashed, oldest first */
  readonly failures: readonly {
    readonly attempt: number;
    readonly fence: number;
    /** ISO 8601, UTC */
    readonly at: string;
    readonly error: {
      readonly code: string;
      readonly message: string;
      /** any JSON */
      readonly details?: Json;
    };
  }[];
}

/** A promise to be made. */
export interface NewPromise {
  readonly type: string;
  /** any JSON */
  readonly payload?: Json;
  readonly queue?: string;
  readonly priority?: number;
  /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
  readonly delay?: number | string;
  readonly runAt?: string;
  readonly key?: string;
  readonly unique?: {
    readonly scope?: 'always' | 'pending' | 'unsettled' | 'period';
    readonly period?: number | string;
    readonly fields?: readonly string[];
    readonly onConflict?: 'return' | 'replace' | 'reschedule';
  };
  readonly debounce?: {
    /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
    readonly wait: number | string;
    /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
    readonly maxWait?: number | string;
  };
  readonly throttle?: number | string;
  readonly expiresAt?: string;
  readonly concurrencyKey?: string;
  readonly dependsOn?: readonly string[];
  readonly onParentFailure?: 'fail' | 'cancel' | 'run';
  readonly tags?: readonly string[];
  readonly maxAttempts?: number;
  readonly backoff?: {
    readonly kind: 'fixed' | 'linear' | 'exponential' | 'custom';
    /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
    readonly delay?: number | string;
    /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
    readonly max?: number | string;
    readonly factor?: number;
    readonly jitter?: number;
    readonly delays?: readonly (number | string)[];
  };
  readonly timeout?: number | string;
  readonly callbackUrl?: string;
  readonly origin?:
    | {
        readonly channel: 'telegram';
        readonly chat: string;
      }
    | {
        readonly channel: 'webhook';
        readonly url: string;
      }
    | {
        readonly channel: 'mail';
        readonly to: string;
      };
  readonly metadata?: Readonly<Record<string, Json>>;
}

/** What each operation takes, path, query and body in one, and what it answers. */

export interface Contract {
  /** Make a promise */
  makePromise: { input: NewPromise; output: PromiseMade };
  /** List promises, newest first */
  listPromises: {
    input: {
      status?: 'waiting' | 'pending' | 'in_progress' | 'completed' | 'failed' | 'cancelled';
      queue?: string | number | readonly string[];
      type?: string | number | readonly string[];
      key?: string | number | readonly string[];
      tag?: string | number | readonly string[];
      limit?: string | number | readonly string[];
      cursor?: string | number | readonly string[];
    };
    output: {
      readonly data: readonly PromiseView[];
      readonly nextCursor: string | null;
    };
  };
  /** Look at one promise, or wait until it is settled */
  getPromise: {
    input: {
      readonly id: string;
    } & { wait?: string | number | readonly string[] };
    output: PromiseDetail;
  };
  /** Change a promise that is not running */
  changePromise: {
    input: {
      readonly id: string;
    } & {
      /** any JSON */
      readonly payload?: Json;
      readonly priority?: number;
      /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
      readonly delay?: number | string;
      readonly runAt?: string;
      readonly maxAttempts?: number;
      readonly backoff?: {
        readonly kind: 'fixed' | 'linear' | 'exponential' | 'custom';
        /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
        readonly delay?: number | string;
        /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
        readonly max?: number | string;
        readonly factor?: number;
        readonly jitter?: number;
        readonly delays?: readonly (number | string)[];
      };
      readonly timeout?: number | string;
      readonly expiresAt?: string | null;
      readonly metadata?: Readonly<Record<string, Json>>;
    };
    output: PromiseDetail;
  };
  /** Cancel a promise, also while it runs */
  cancelPromise: {
    input: {
      readonly id: string;
    } & Partial<{
      readonly reason?: string;
    }>;
    output: PromiseDetail;
  };
  /** Run a settled promise again, from its first attempt */
  retryPromise: {
    input: {
      readonly id: string;
    };
    output: PromiseDetail;
  };
  /** Make up to 1,000 promises */
  makePromises: {
    input: {
      readonly promises: readonly (NewPromise & { readonly ref?: string })[];
      /** a promise that depends on all of them; it gives no dependsOn of its own */
      readonly join?: {
        readonly type: string;
        /** any JSON */
        readonly payload?: Json;
        readonly queue?: string;
        readonly priority?: number;
        /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
        readonly delay?: number | string;
        readonly runAt?: string;
        readonly key?: string;
        readonly unique?: {
          readonly scope?: 'always' | 'pending' | 'unsettled' | 'period';
          readonly period?: number | string;
          readonly fields?: readonly string[];
          readonly onConflict?: 'return' | 'replace' | 'reschedule';
        };
        readonly debounce?: {
          /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
          readonly wait: number | string;
          /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
          readonly maxWait?: number | string;
        };
        readonly throttle?: number | string;
        readonly expiresAt?: string;
        readonly concurrencyKey?: string;
        readonly dependsOn?: readonly string[];
        readonly onParentFailure?: 'fail' | 'cancel' | 'run';
        readonly tags?: readonly string[];
        readonly maxAttempts?: number;
        readonly backoff?: {
          readonly kind: 'fixed' | 'linear' | 'exponential' | 'custom';
          /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
          readonly delay?: number | string;
          /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
          readonly max?: number | string;
          readonly factor?: number;
          readonly jitter?: number;
          readonly delays?: readonly (number | string)[];
        };
        readonly timeout?: number | string;
        readonly callbackUrl?: string;
        readonly origin?:
          | {
              readonly channel: 'telegram';
              readonly chat: string;
            }
          | {
              readonly channel: 'webhook';
              readonly url: string;
            }
          | {
              readonly channel: 'mail';
              readonly to: string;
            };
        readonly metadata?: Readonly<Record<string, Json>>;
      };
    };
    output: {
      readonly results: readonly (
        | {
            readonly id: string;
            readonly status:
              | 'waiting'
              | 'pending'
              | 'in_progress'
              | 'completed'
              | 'failed'
              | 'cancelled';
            readonly deduplicated: boolean;
          }
        | {
            readonly error: ProblemView;
          }
      )[];
      readonly join?:
        | {
            readonly id: string;
            readonly status:
              | 'waiting'
              | 'pending'
              | 'in_progress'
              | 'completed'
              | 'failed'
              | 'cancelled';
            readonly deduplicated: boolean;
          }
        | {
            readonly error: ProblemView;
          };
    };
  };
  /** Why a promise is not running */
  explainPromise: {
    input: {
      readonly id: string;
    };
    output: {
      readonly id: string;
      readonly type: string;
      readonly queue: string;
      readonly status: 'waiting' | 'pending' | 'in_progress' | 'completed' | 'failed' | 'cancelled';
      /** everything that holds it back */
      readonly reasons: readonly {
        readonly code:
          | 'settled'
          | 'running'
          | 'lease-over'
          | 'waits-for-parents'
          | 'waits-for-lane'
          | 'waits-for-turn'
          | 'expired'
          | 'not-due'
          | 'queue-paused'
          | 'type-paused'
          | 'queue-concurrency'
          | 'queue-rate'
          | 'ready'
          | 'no-worker';
        readonly message: string;
        /** when it ends by itself, as far as is known */
        readonly until: string | null;
        /** ids of promises, at most 100 */
        readonly waitsFor: readonly string[];
      }[];
      /** when a worker last took one of its type, as far as is known */
      readonly lastClaimedAt: string | null;
    };
  };
  /** Run many settled promises again: dead letters are replayed */
  retryPromises: {
    input: {
      readonly ids?: readonly string[];
      readonly status?: 'failed' | 'cancelled' | 'completed';
      readonly queue?: string;
      readonly type?: string;
      readonly limit?: number;
      readonly cursor?: string;
    };
    output: {
      readonly results: readonly {
        readonly id: string;
        readonly outcome: 'retried' | 'not-found' | 'promise-not-settled';
      }[];
      readonly nextCursor: string | null;
    };
  };
  /** The promises that one depends on, with their results */
  listParents: {
    input: {
      readonly id: string;
    };
    output: {
      readonly data: readonly PromiseView[];
    };
  };
  /** List queues by name, with what they hold */
  listQueues: {
    input: {
      limit?: string | number | readonly string[];
      cursor?: string | number | readonly string[];
    };
    output: {
      readonly data: readonly {
        readonly name: string;
        readonly paused: boolean;
        /** promises that run at once; null: no limit */
        readonly concurrency: number | null;
        /** starts per period; null: no limit */
        readonly rate: {
          readonly limit: number;
          /** milliseconds */
          readonly period: number;
        } | null;
        /** for each concurrencyKey */
        readonly perKey: {
          /** null: 1 */
          readonly concurrency: number | null;
          readonly rate: {
            readonly limit: number;
            /** milliseconds */
            readonly period: number;
          } | null;
          readonly order: 'due' | 'strict';
        };
        /** of claims that name none; null: 30 s */
        readonly lease: number | null;
        /** null: 7 days */
        readonly retention: {
          readonly completed?: {
            /** milliseconds */
            readonly age?: number;
            readonly count?: number;
          };
          readonly failed?: {
            /** milliseconds */
            readonly age?: number;
            readonly count?: number;
          };
          readonly cancelled?: {
            /** milliseconds */
            readonly age?: number;
            readonly count?: number;
          };
        } | null;
        readonly counts: {
          readonly waiting: number;
          readonly pending: number;
          readonly in_progress: number;
          readonly completed: number;
          readonly failed: number;
          readonly cancelled: number;
        };
      }[];
      readonly nextCursor: string | null;
    };
  };
  /** Look at a queue: its settings, and what it holds */
  getQueue: {
    input: {
      readonly queue: string;
    };
    output: {
      readonly name: string;
      readonly paused: boolean;
      /** promises that run at once; null: no limit */
      readonly concurrency: number | null;
      /** starts per period; null: no limit */
      readonly rate: {
        readonly limit: number;
        /** milliseconds */
        readonly period: number;
      } | null;
      /** for each concurrencyKey */
      readonly perKey: {
        /** null: 1 */
        readonly concurrency: number | null;
        readonly rate: {
          readonly limit: number;
          /** milliseconds */
          readonly period: number;
        } | null;
        readonly order: 'due' | 'strict';
      };
      /** of claims that name none; null: 30 s */
      readonly lease: number | null;
      /** null: 7 days */
      readonly retention: {
        readonly completed?: {
          /** milliseconds */
          readonly age?: number;
          readonly count?: number;
        };
        readonly failed?: {
          /** milliseconds */
          readonly age?: number;
          readonly count?: number;
        };
        readonly cancelled?: {
          /** milliseconds */
          readonly age?: number;
          readonly count?: number;
        };
      } | null;
      readonly counts: {
        readonly waiting: number;
        readonly pending: number;
        readonly in_progress: number;
        readonly completed: number;
        readonly failed: number;
        readonly cancelled: number;
      };
    };
  };
  /** Set limits of a queue */
  setQueue: {
    input: {
      readonly queue: string;
    } & {
      readonly paused?: boolean;
      readonly concurrency?: number | null;
      readonly rate?: {
        readonly limit: number;
        readonly period: number | string;
      } | null;
      readonly perKey?: {
        readonly concurrency?: number | null;
        readonly rate?: {
          readonly limit: number;
          readonly period: number | string;
        } | null;
        readonly order?: 'due' | 'strict';
      };
      readonly lease?: number | string | null;
      readonly retention?: {
        readonly completed?: {
          /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
          readonly age?: number | string;
          readonly count?: number;
        };
        readonly failed?: {
          /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
          readonly age?: number | string;
          readonly count?: number;
        };
        readonly cancelled?: {
          /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
          readonly age?: number | string;
          readonly count?: number;
        };
      } | null;
    };
    output: {
      readonly name: string;
      readonly paused: boolean;
      /** promises that run at once; null: no limit */
      readonly concurrency: number | null;
      /** starts per period; null: no limit */
      readonly rate: {
        readonly limit: number;
        /** milliseconds */
        readonly period: number;
      } | null;
      /** for each concurrencyKey */
      readonly perKey: {
        /** null: 1 */
        readonly concurrency: number | null;
        readonly rate: {
          readonly limit: number;
          /** milliseconds */
          readonly period: number;
        } | null;
        readonly order: 'due' | 'strict';
      };
      /** of claims that name none; null: 30 s */
      readonly lease: number | null;
      /** null: 7 days */
      readonly retention: {
        readonly completed?: {
          /** milliseconds */
          readonly age?: number;
          readonly count?: number;
        };
        readonly failed?: {
          /** milliseconds */
          readonly age?: number;
          readonly count?: number;
        };
        readonly cancelled?: {
          /** milliseconds */
          readonly age?: number;
          readonly count?: number;
        };
      } | null;
      readonly counts: {
        readonly waiting: number;
        readonly pending: number;
        readonly in_progress: number;
        readonly completed: number;
        readonly failed: number;
        readonly cancelled: number;
      };
    };
  };
  /** Give no promises of a queue to workers */
  pauseQueue: {
    input: {
      readonly queue: string;
    };
    output: {
      readonly name: string;
      readonly paused: boolean;
      /** promises that run at once; null: no limit */
      readonly concurrency: number | null;
      /** starts per period; null: no limit */
      readonly rate: {
        readonly limit: number;
        /** milliseconds */
        readonly period: number;
      } | null;
      /** for each concurrencyKey */
      readonly perKey: {
        /** null: 1 */
        readonly concurrency: number | null;
        readonly rate: {
          readonly limit: number;
          /** milliseconds */
          readonly period: number;
        } | null;
        readonly order: 'due' | 'strict';
      };
      /** of claims that name none; null: 30 s */
      readonly lease: number | null;
      /** null: 7 days */
      readonly retention: {
        readonly completed?: {
          /** milliseconds */
          readonly age?: number;
          readonly count?: number;
        };
        readonly failed?: {
          /** milliseconds */
          readonly age?: number;
          readonly count?: number;
        };
        readonly cancelled?: {
          /** milliseconds */
          readonly age?: number;
          readonly count?: number;
        };
      } | null;
      readonly counts: {
        readonly waiting: number;
        readonly pending: number;
        readonly in_progress: number;
        readonly completed: number;
        readonly failed: number;
        readonly cancelled: number;
      };
    };
  };
  /** Give promises of a queue to workers again */
  resumeQueue: {
    input: {
      readonly queue: string;
    };
    output: {
      readonly name: string;
      readonly paused: boolean;
      /** promises that run at once; null: no limit */
      readonly concurrency: number | null;
      /** starts per period; null: no limit */
      readonly rate: {
        readonly limit: number;
        /** milliseconds */
        readonly period: number;
      } | null;
      /** for each concurrencyKey */
      readonly perKey: {
        /** null: 1 */
        readonly concurrency: number | null;
        readonly rate: {
          readonly limit: number;
          /** milliseconds */
          readonly period: number;
        } | null;
        readonly order: 'due' | 'strict';
      };
      /** of claims that name none; null: 30 s */
      readonly lease: number | null;
      /** null: 7 days */
      readonly retention: {
        readonly completed?: {
          /** milliseconds */
          readonly age?: number;
          readonly count?: number;
        };
        readonly failed?: {
          /** milliseconds */
          readonly age?: number;
          readonly count?: number;
        };
        readonly cancelled?: {
          /** milliseconds */
          readonly age?: number;
          readonly count?: number;
        };
      } | null;
      readonly counts: {
        readonly waiting: number;
        readonly pending: number;
        readonly in_progress: number;
        readonly completed: number;
        readonly failed: number;
        readonly cancelled: number;
      };
    };
  };
  /** List types, with what there is of each */
  listTypes: {
    input: Record<never, never>;
    output: {
      readonly data: readonly {
        readonly type: string;
        readonly paused: boolean;
        readonly counts: {
          readonly waiting: number;
          readonly pending: number;
          readonly in_progress: number;
          readonly completed: number;
          readonly failed: number;
          readonly cancelled: number;
        };
      }[];
    };
  };
  /** Give no promises of a type to workers */
  pauseType: {
    input: {
      readonly type: string;
    };
    output: {
      readonly type: string;
      readonly paused: boolean;
      readonly counts: {
        readonly waiting: number;
        readonly pending: number;
        readonly in_progress: number;
        readonly completed: number;
        readonly failed: number;
        readonly cancelled: number;
      };
    };
  };
  /** Give promises of a type to workers again */
  resumeType: {
    input: {
      readonly type: string;
    };
    output: {
      readonly type: string;
      readonly paused: boolean;
      readonly counts: {
        readonly waiting: number;
        readonly pending: number;
        readonly in_progress: number;
        readonly completed: number;
        readonly failed: number;
        readonly cancelled: number;
      };
    };
  };
  /** Take due promises of a queue, for a lease */
  claimPromises: {
    input: {
      readonly queue: string;
    } & {
      readonly worker: string;
      readonly limit?: number;
      readonly lease?: number | string;
      readonly types?: readonly string[];
      /** of the handlers, by type: a running promise says which one began it */
      readonly versions?: Readonly<Record<string, string>>;
      /** take from these too: first priorities first over all of them */
      readonly alsoQueues?: readonly string[];
      readonly wait?: number | string;
      readonly token?: string;
      readonly again?: boolean;
    };
    output: {
      readonly claims: readonly {
        readonly id: string;
        readonly type: string;
        readonly queue: string;
        /** any JSON */
        readonly payload: Json;
        readonly attempt: number;
        /** the same for every attempt: give it to services that know such keys */
        readonly idempotencyKey: string;
        readonly maxAttempts: number;
        /** milliseconds */
        readonly timeout: number;
        /** to be sent with everything about this attempt */
        readonly fence: number;
        readonly leaseExpiresAt: string;
        /** what an earlier run left with a snooze; null at first */
        readonly state: Json;
        readonly metadata: Readonly<Record<string, Json>> | null;
      }[];
    };
  };
  /** Extend the lease of a running attempt */
  heartbeat: {
    input: {
      readonly id: string;
    } & {
      readonly fence: number;
      readonly lease?: number | string;
    };
    output: {
      readonly id: string;
      readonly leaseExpiresAt: string;
    };
  };
  /** Extend the leases of many running attempts in one write, and say how far they are */
  heartbeats: {
    input: {
      readonly beats: readonly {
        readonly id: string;
        readonly fence: number;
        readonly lease?: number | string;
        readonly progress?: {
          readonly percent: number | null;
          readonly message: string | null;
        };
      }[];
    };
    output: {
      readonly results: readonly {
        readonly id: string;
        readonly held: boolean;
        readonly leaseExpiresAt: string | null;
      }[];
    };
  };
  /** Say how far a running attempt is; extends its lease too */
  reportProgress: {
    input: {
      readonly id: string;
    } & {
      readonly fence: number;
      readonly percent?: number;
      readonly message?: string;
    };
    output: {
      readonly id: string;
      readonly leaseExpiresAt: string;
    };
  };
  /** Complete a running attempt, with its result and what it makes */
  completePromise: {
    input: {
      readonly id: string;
    } & {
      readonly fence: number;
      /** any JSON */
      readonly result?: Json;
      /** promises that the run makes, with ids of their own: with its completion or not at all */
      readonly children?: readonly {
        readonly type: string;
        /** any JSON */
        readonly payload?: Json;
        readonly queue?: string;
        readonly priority?: number;
        /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
        readonly delay?: number | string;
        readonly runAt?: string;
        readonly key?: string;
        readonly unique?: {
          readonly scope?: 'always' | 'pending' | 'unsettled' | 'period';
          readonly period?: number | string;
          readonly fields?: readonly string[];
          readonly onConflict?: 'return' | 'replace' | 'reschedule';
        };
        readonly debounce?: {
          /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
          readonly wait: number | string;
          /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
          readonly maxWait?: number | string;
        };
        readonly throttle?: number | string;
        readonly expiresAt?: string;
        readonly concurrencyKey?: string;
        readonly dependsOn?: readonly string[];
        readonly onParentFailure?: 'fail' | 'cancel' | 'run';
        readonly tags?: readonly string[];
        readonly maxAttempts?: number;
        readonly backoff?: {
          readonly kind: 'fixed' | 'linear' | 'exponential' | 'custom';
          /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
          readonly delay?: number | string;
          /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
          readonly max?: number | string;
          readonly factor?: number;
          readonly jitter?: number;
          readonly delays?: readonly (number | string)[];
        };
        readonly timeout?: number | string;
        readonly callbackUrl?: string;
        readonly origin?:
          | {
              readonly channel: 'telegram';
              readonly chat: string;
            }
          | {
              readonly channel: 'webhook';
              readonly url: string;
            }
          | {
              readonly channel: 'mail';
              readonly to: string;
            };
        readonly metadata?: Readonly<Record<string, Json>>;
        readonly id: string;
      }[];
    };
    output: PromiseView;
  };
  /** Fail a running attempt: tried again while attempts are left, unless `retryable` is false */
  failPromise: {
    input: {
      readonly id: string;
    } & {
      readonly fence: number;
      readonly error?:
        | string
        | {
            readonly code?: string;
            readonly message: string;
            /** any JSON */
            readonly details?: Json;
          };
      readonly retryable?: boolean;
      /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
      readonly delay?: number | string;
    };
    output: PromiseView;
  };
  /** Give a running attempt back for later; it burns no attempt. The next run is given its `state` */
  snoozePromise: {
    input: {
      readonly id: string;
    } & {
      readonly fence: number;
      /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
      readonly delay: number | string;
      /** any JSON */
      readonly state?: Json;
    };
    output: PromiseView;
  };
  /** Settle up to 1,000 running attempts in one write */
  settlePromises: {
    input: {
      readonly settlements: readonly (
        | {
            readonly id: string;
            readonly fence: number;
            readonly outcome: 'complete';
            /** any JSON */
            readonly result?: Json;
            /** promises that the run makes, with ids of their own: with its completion or not at all */
            readonly children?: readonly {
              readonly type: string;
              /** any JSON */
              readonly payload?: Json;
              readonly queue?: string;
              readonly priority?: number;
              /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
              readonly delay?: number | string;
              readonly runAt?: string;
              readonly key?: string;
              readonly unique?: {
                readonly scope?: 'always' | 'pending' | 'unsettled' | 'period';
                readonly period?: number | string;
                readonly fields?: readonly string[];
                readonly onConflict?: 'return' | 'replace' | 'reschedule';
              };
              readonly debounce?: {
                /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
                readonly wait: number | string;
                /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
                readonly maxWait?: number | string;
              };
              readonly throttle?: number | string;
              readonly expiresAt?: string;
              readonly concurrencyKey?: string;
              readonly dependsOn?: readonly string[];
              readonly onParentFailure?: 'fail' | 'cancel' | 'run';
              readonly tags?: readonly string[];
              readonly maxAttempts?: number;
              readonly backoff?: {
                readonly kind: 'fixed' | 'linear' | 'exponential' | 'custom';
                /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
                readonly delay?: number | string;
                /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
                readonly max?: number | string;
                readonly factor?: number;
                readonly jitter?: number;
                readonly delays?: readonly (number | string)[];
              };
              readonly timeout?: number | string;
              readonly callbackUrl?: string;
              readonly origin?:
                | {
                    readonly channel: 'telegram';
                    readonly chat: string;
                  }
                | {
                    readonly channel: 'webhook';
                    readonly url: string;
                  }
                | {
                    readonly channel: 'mail';
                    readonly to: string;
                  };
              readonly metadata?: Readonly<Record<string, Json>>;
              readonly id: string;
            }[];
          }
        | {
            readonly id: string;
            readonly fence: number;
            readonly outcome: 'fail';
            readonly error?:
              | string
              | {
                  readonly code?: string;
                  readonly message: string;
                  /** any JSON */
                  readonly details?: Json;
                };
            readonly retryable?: boolean;
            /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
            readonly delay?: number | string;
          }
        | {
            readonly id: string;
            readonly fence: number;
            readonly outcome: 'snooze';
            /** milliseconds, or a duration such as "30s", "5m", "2h", "7d" */
            readonly delay: number | string;
            /** any JSON */
            readonly state?: Json;
          }
        | {
            readonly id: string;
            readonly fence: number;
            readonly outcome: 'cancel';
            readonly reason?: string;
          }
      )[];
    };
    output: {
      readonly results: readonly (
        | {
            readonly id: string;
            readonly applied: true;
            readonly status:
              | 'waiting'
              | 'pending'
              | 'in_progress'
              | 'completed'
              | 'failed'
              | 'cancelled';
          }
        | {
            readonly id: string;
            readonly applied: false;
            readonly error: ProblemView;
          }
      )[];
    };
  };
  /** What happens to promises, as it happens */
  listEvents: {
    input: {
      queue?: string | number | readonly string[];
      type?: string | number | readonly string[];
      kind?: string | number | readonly string[];
      after?: string | number | readonly string[];
      limit?: string | number | readonly string[];
      wait?: string | number | readonly string[];
    };
    output: {
      readonly data: readonly {
        /** its place in the log: go on after it; it says nothing else */
        readonly id: string;
        readonly kind:
          | 'made'
          | 'changed'
          | 'ready'
          | 'claimed'
          | 'snoozed'
          | 'retrying'
          | 'recovered'
          | 'completed'
          | 'failed'
          | 'cancelled'
          | 'retried';
        /** the id of the promise */
        readonly promise: string;
        readonly queue: string;
        readonly type: string;
        readonly at: string;
        /** with claimed: who runs it */
        readonly worker?: string;
        /** with retrying, failed and cancelled */
        readonly error?: {
          readonly code: string;
          readonly message: string;
        };
      }[];
      /** where to go on, also when the page is empty */
      readonly nextCursor: string;
    };
  };
  /** What happens to the promises of a queue */
  listQueueEvents: {
    input: {
      readonly queue: string;
    } & {
      type?: string | number | readonly string[];
      kind?: string | number | readonly string[];
      after?: string | number | readonly string[];
      limit?: string | number | readonly string[];
      wait?: string | number | readonly string[];
    };
    output: {
      readonly data: readonly {
        /** its place in the log: go on after it; it says nothing else */
        readonly id: string;
        readonly kind:
          | 'made'
          | 'changed'
          | 'ready'
          | 'claimed'
          | 'snoozed'
          | 'retrying'
          | 'recovered'
          | 'completed'
          | 'failed'
          | 'cancelled'
          | 'retried';
        /** the id of the promise */
        readonly promise: string;
        readonly queue: string;
        readonly type: string;
        readonly at: string;
        /** with claimed: who runs it */
        readonly worker?: string;
        /** with retrying, failed and cancelled */
        readonly error?: {
          readonly code: string;
          readonly message: string;
        };
      }[];
      /** where to go on, also when the page is empty */
      readonly nextCursor: string;
    };
  };
  /** What happens to one promise */
  listPromiseEvents: {
    input: {
      readonly id: string;
    } & {
      kind?: string | number | readonly string[];
      after?: string | number | readonly string[];
      limit?: string | number | readonly string[];
      wait?: string | number | readonly string[];
    };
    output: {
      readonly data: readonly {
        /** its place in the log: go on after it; it says nothing else */
        readonly id: string;
        readonly kind:
          | 'made'
          | 'changed'
          | 'ready'
          | 'claimed'
          | 'snoozed'
          | 'retrying'
          | 'recovered'
          | 'completed'
          | 'failed'
          | 'cancelled'
          | 'retried';
        /** the id of the promise */
        readonly promise: string;
        readonly queue: string;
        readonly type: string;
        readonly at: string;
        /** with claimed: who runs it */
        readonly worker?: string;
        /** with retrying, failed and cancelled */
        readonly error?: {
          readonly code: string;
          readonly message: string;
        };
      }[];
      /** where to go on, also when the page is empty */
      readonly nextCursor: string;
    };
  };
  /** Be told of events by calls to a URL */
  makeSubscription: {
    input: {
      readonly url: string;
      readonly kinds: readonly (
        | 'made'
        | 'changed'
        | 'ready'
        | 'claimed'
        | 'snoozed'
        | 'retrying'
        | 'recovered'
        | 'completed'
        | 'failed'
        | 'cancelled'
        | 'retried'
      )[];
      readonly types?: readonly string[] | null;
      readonly queues?: readonly string[] | null;
    };
    output: {
      readonly id: string;
      readonly url: string;
      readonly kinds: readonly (
        | 'made'
        | 'changed'
        | 'ready'
        | 'claimed'
        | 'snoozed'
        | 'retrying'
        | 'recovered'
        | 'completed'
        | 'failed'
        | 'cancelled'
        | 'retried'
      )[];
      /** null: all */
      readonly types: readonly string[] | null;
      /** null: all */
      readonly queues: readonly string[] | null;
      /** why nothing is told; null: it is */
      readonly paused: string | null;
      readonly createdAt: string;
      /** until then the secret before the last rotation signs too */
      readonly previousUntil: string | null;
      /** signs what is sent; shown this once; null in a replayed answer: rotate it then */
      readonly secret: string | null;
    };
  };
  /** List subscriptions, oldest first */
  listSubscriptions: {
    input: {
      limit?: string | number | readonly string[];
      cursor?: string | number | readonly string[];
    };
    output: {
      readonly data: readonly {
        readonly id: string;
        readonly url: string;
        readonly kinds: readonly (
          | 'made'
          | 'changed'
          | 'ready'
          | 'claimed'
          | 'snoozed'
          | 'retrying'
          | 'recovered'
          | 'completed'
          | 'failed'
          | 'cancelled'
          | 'retried'
        )[];
        /** null: all */
        readonly types: readonly string[] | null;
        /** null: all */
        readonly queues: readonly string[] | null;
        /** why nothing is told; null: it is */
        readonly paused: string | null;
        readonly createdAt: string;
        /** until then the secret before the last rotation signs too */
        readonly previousUntil: string | null;
      }[];
      readonly nextCursor: string | null;
    };
  };
  /** Look at a subscription */
  getSubscription: {
    input: {
      readonly id: string;
    };
    output: {
      readonly id: string;
      readonly url: string;
      readonly kinds: readonly (
        | 'made'
        | 'changed'
        | 'ready'
        | 'claimed'
        | 'snoozed'
        | 'retrying'
        | 'recovered'
        | 'completed'
        | 'failed'
        | 'cancelled'
        | 'retried'
      )[];
      /** null: all */
      readonly types: readonly string[] | null;
      /** null: all */
      readonly queues: readonly string[] | null;
      /** why nothing is told; null: it is */
      readonly paused: string | null;
      readonly createdAt: string;
      /** until then the secret before the last rotation signs too */
      readonly previousUntil: string | null;
    };
  };
  /** Change a subscription, pause it, or let it go on */
  changeSubscription: {
    input: {
      readonly id: string;
    } & {
      readonly url?: string;
      readonly kinds?: readonly (
        | 'made'
        | 'changed'
        | 'ready'
        | 'claimed'
        | 'snoozed'
        | 'retrying'
        | 'recovered'
        | 'completed'
        | 'failed'
        | 'cancelled'
        | 'retried'
      )[];
      readonly types?: readonly string[] | null;
      readonly queues?: readonly string[] | null;
      readonly paused?: boolean;
    };
    output: {
      readonly id: string;
      readonly url: string;
      readonly kinds: readonly (
        | 'made'
        | 'changed'
        | 'ready'
        | 'claimed'
        | 'snoozed'
        | 'retrying'
        | 'recovered'
        | 'completed'
        | 'failed'
        | 'cancelled'
        | 'retried'
      )[];
      /** null: all */
      readonly types: readonly string[] | null;
      /** null: all */
      readonly queues: readonly string[] | null;
      /** why nothing is told; null: it is */
      readonly paused: string | null;
      readonly createdAt: string;
      /** until then the secret before the last rotation signs too */
      readonly previousUntil: string | null;
    };
  };
  /** Give a subscription a new secret */
  rotateSubscriptionSecret: {
    input: {
      readonly id: string;
    } & Partial<{
      readonly keep?: number | string;
    }>;
    output: {
      readonly id: string;
      readonly url: string;
      readonly kinds: readonly (
        | 'made'
        | 'changed'
        | 'ready'
        | 'claimed'
        | 'snoozed'
        | 'retrying'
        | 'recovered'
        | 'completed'
        | 'failed'
        | 'cancelled'
        | 'retried'
      )[];
      /** null: all */
      readonly types: readonly string[] | null;
      /** null: all */
      readonly queues: readonly string[] | null;
      /** why nothing is told; null: it is */
      readonly paused: string | null;
      readonly createdAt: string;
      /** until then the secret before the last rotation signs too */
      readonly previousUntil: string | null;
      /** signs what is sent; shown this once; null in a replayed answer: rotate it then */
      readonly secret: string | null;
    };
  };
  /** Delete a subscription; what was to be told is given up */
  deleteSubscription: {
    input: {
      readonly id: string;
    };
    output: {
      readonly id: string;
      readonly deleted: true;
    };
  };
  /** Make a schedule */
  makeSchedule: {
    input: {
      readonly name: string;
      readonly cron?: string;
      readonly every?: number | string;
      readonly timezone?: string;
      readonly promise: NewPromise;
      readonly missed?:
        | 'skip'
        | 'latest'
        | 'all'
        | {
            readonly policy: 'skip' | 'latest' | 'all';
            readonly cap?: number;
            readonly window?: number | string;
            readonly grace?: number | string;
          };
      readonly overlap?: 'allow' | 'skip' | 'queue' | 'cancel';
      readonly dst?: {
        readonly gap?: 'skip' | 'after';
        readonly fold?: 'first' | 'last' | 'both';
      };
      readonly jitter?: number | string;
      readonly startAt?: string;
      readonly endAt?: string;
    };
    output: {
      readonly name: string;
      /** ended: no slot is to come */
      readonly status: 'active' | 'paused' | 'ended';
      readonly cron: string | null;
      /** whose clocks cron is read on */
      readonly timezone: string | null;
      /** times that the clocks skip, and show twice */
      readonly dst: {
        readonly gap: 'skip' | 'after';
        readonly fold: 'first' | 'last' | 'both';
      } | null;
      readonly every: number | null;
      /** what each slot makes */
      readonly promise: Readonly<Record<string, Json>>;
      readonly missed: {
        readonly policy: 'skip' | 'latest' | 'all';
        readonly cap: number;
        /** milliseconds */
        readonly window: number;
        /** milliseconds */
        readonly grace: number;
      };
      readonly overlap: 'allow' | 'skip' | 'queue' | 'cancel';
      /** milliseconds */
      readonly jitter: number;
      readonly startAt: string | null;
      readonly endAt: string | null;
      /** the next slots, at most 5 */
      readonly upcoming: readonly string[];
      readonly pausedAt: string | null;
      readonly createdAt: string;
      readonly updatedAt: string;
    };
  };
  /** List schedules by name */
  listSchedules: {
    input: {
      limit?: string | number | readonly string[];
      cursor?: string | number | readonly string[];
    };
    output: {
      readonly data: readonly {
        readonly name: string;
        /** ended: no slot is to come */
        readonly status: 'active' | 'paused' | 'ended';
        readonly cron: string | null;
        /** whose clocks cron is read on */
        readonly timezone: string | null;
        /** times that the clocks skip, and show twice */
        readonly dst: {
          readonly gap: 'skip' | 'after';
          readonly fold: 'first' | 'last' | 'both';
        } | null;
        readonly every: number | null;
        /** what each slot makes */
        readonly promise: Readonly<Record<string, Json>>;
        readonly missed: {
          readonly policy: 'skip' | 'latest' | 'all';
          readonly cap: number;
          /** milliseconds */
          readonly window: number;
          /** milliseconds */
          readonly grace: number;
        };
        readonly overlap: 'allow' | 'skip' | 'queue' | 'cancel';
        /** milliseconds */
        readonly jitter: number;
        readonly startAt: string | null;
        readonly endAt: string | null;
        /** the next slots, at most 5 */
        readonly upcoming: readonly string[];
        readonly pausedAt: string | null;
        readonly createdAt: string;
        readonly updatedAt: string;
      }[];
      readonly nextCursor: string | null;
    };
  };
  /** Look at one schedule, with its next slots */
  getSchedule: {
    input: {
      readonly name: string;
    };
    output: {
      readonly name: string;
      /** ended: no slot is to come */
      readonly status: 'active' | 'paused' | 'ended';
      readonly cron: string | null;
      /** whose clocks cron is read on */
      readonly timezone: string | null;
      /** times that the clocks skip, and show twice */
      readonly dst: {
        readonly gap: 'skip' | 'after';
        readonly fold: 'first' | 'last' | 'both';
      } | null;
      readonly every: number | null;
      /** what each slot makes */
      readonly promise: Readonly<Record<string, Json>>;
      readonly missed: {
        readonly policy: 'skip' | 'latest' | 'all';
        readonly cap: number;
        /** milliseconds */
        readonly window: number;
        /** milliseconds */
        readonly grace: number;
      };
      readonly overlap: 'allow' | 'skip' | 'queue' | 'cancel';
      /** milliseconds */
      readonly jitter: number;
      readonly startAt: string | null;
      readonly endAt: string | null;
      /** the next slots, at most 5 */
      readonly upcoming: readonly string[];
      readonly pausedAt: string | null;
      readonly createdAt: string;
      readonly updatedAt: string;
    };
  };
  /** Change a schedule: null takes a field away */
  changeSchedule: {
    input: {
      readonly name: string;
    } & {
      readonly cron?: string | null;
      readonly every?: number | string | null;
      readonly timezone?: string | null;
      readonly promise?: NewPromise;
      readonly missed?:
        | 'skip'
        | 'latest'
        | 'all'
        | {
            readonly policy: 'skip' | 'latest' | 'all';
            readonly cap?: number;
            readonly window?: number | string;
            readonly grace?: number | string;
          }
        | null;
      readonly overlap?: 'allow' | 'skip' | 'queue' | 'cancel' | null;
      readonly dst?: {
        readonly gap?: 'skip' | 'after';
        readonly fold?: 'first' | 'last' | 'both';
      } | null;
      readonly jitter?: number | string | null;
      readonly startAt?: string | null;
      readonly endAt?: string | null;
    };
    output: {
      readonly name: string;
      /** ended: no slot is to come */
      readonly status: 'active' | 'paused' | 'ended';
      readonly cron: string | null;
      /** whose clocks cron is read on */
      readonly timezone: string | null;
      /** times that the clocks skip, and show twice */
      readonly dst: {
        readonly gap: 'skip' | 'after';
        readonly fold: 'first' | 'last' | 'both';
      } | null;
      readonly every: number | null;
      /** what each slot makes */
      readonly promise: Readonly<Record<string, Json>>;
      readonly missed: {
        readonly policy: 'skip' | 'latest' | 'all';
        readonly cap: number;
        /** milliseconds */
        readonly window: number;
        /** milliseconds */
        readonly grace: number;
      };
      readonly overlap: 'allow' | 'skip' | 'queue' | 'cancel';
      /** milliseconds */
      readonly jitter: number;
      readonly startAt: string | null;
      readonly endAt: string | null;
      /** the next slots, at most 5 */
      readonly upcoming: readonly string[];
      readonly pausedAt: string | null;
      readonly createdAt: string;
      readonly updatedAt: string;
    };
  };
  /** Delete a schedule; the promises that it made stay */
  deleteSchedule: {
    input: {
      readonly name: string;
    };
    output: {
      readonly name: string;
      readonly deleted: true;
    };
  };
  /** Fire nothing until it is resumed */
  pauseSchedule: {
    input: {
      readonly name: string;
    };
    output: {
      readonly name: string;
      /** ended: no slot is to come */
      readonly status: 'active' | 'paused' | 'ended';
      readonly cron: string | null;
      /** whose clocks cron is read on */
      readonly timezone: string | null;
      /** times that the clocks skip, and show twice */
      readonly dst: {
        readonly gap: 'skip' | 'after';
        readonly fold: 'first' | 'last' | 'both';
      } | null;
      readonly every: number | null;
      /** what each slot makes */
      readonly promise: Readonly<Record<string, Json>>;
      readonly missed: {
        readonly policy: 'skip' | 'latest' | 'all';
        readonly cap: number;
        /** milliseconds */
        readonly window: number;
        /** milliseconds */
        readonly grace: number;
      };
      readonly overlap: 'allow' | 'skip' | 'queue' | 'cancel';
      /** milliseconds */
      readonly jitter: number;
      readonly startAt: string | null;
      readonly endAt: string | null;
      /** the next slots, at most 5 */
      readonly upcoming: readonly string[];
      readonly pausedAt: string | null;
      readonly createdAt: string;
      readonly updatedAt: string;
    };
  };
  /** Go on from now; the slots of the pause are skipped */
  resumeSchedule: {
    input: {
      readonly name: string;
    };
    output: {
      readonly name: string;
      /** ended: no slot is to come */
      readonly status: 'active' | 'paused' | 'ended';
      readonly cron: string | null;
      /** whose clocks cron is read on */
      readonly timezone: string | null;
      /** times that the clocks skip, and show twice */
      readonly dst: {
        readonly gap: 'skip' | 'after';
        readonly fold: 'first' | 'last' | 'both';
      } | null;
      readonly every: number | null;
      /** what each slot makes */
      readonly promise: Readonly<Record<string, Json>>;
      readonly missed: {
        readonly policy: 'skip' | 'latest' | 'all';
        readonly cap: number;
        /** milliseconds */
        readonly window: number;
        /** milliseconds */
        readonly grace: number;
      };
      readonly overlap: 'allow' | 'skip' | 'queue' | 'cancel';
      /** milliseconds */
      readonly jitter: number;
      readonly startAt: string | null;
      readonly endAt: string | null;
      /** the next slots, at most 5 */
      readonly upcoming: readonly string[];
      readonly pausedAt: string | null;
      readonly createdAt: string;
      readonly updatedAt: string;
    };
  };
  /** Make its promise now, paused or not, whatever else of it is open */
  triggerSchedule: {
    input: {
      readonly name: string;
    };
    output: PromiseView;
  };
  /** Make the promises of past slots that were not made, at most 1,000 */
  backfillSchedule: {
    input: {
      readonly name: string;
    } & {
      readonly from: string;
      readonly to: string;
      readonly dryRun?: boolean;
    };
    output: {
      readonly dryRun: boolean;
      readonly slots: readonly {
        readonly slotAt: string;
        readonly promise: string | null;
        readonly known: boolean;
      }[];
    };
  };
  /** What became of its slots, newest first */
  listOccurrences: {
    input: {
      readonly name: string;
    } & {
      limit?: string | number | readonly string[];
      cursor?: string | number | readonly string[];
    };
    output: {
      readonly data: readonly {
        readonly kind: 'fired' | 'skipped' | 'manual';
        readonly slotAt: string;
        readonly recordedAt: string;
        /** the id of the promise that was made */
        readonly promise: string | null;
        /** why it was skipped */
        readonly reason: string | null;
        /** the last of the skipped slots that this stands for */
        readonly lastSlotAt: string;
        /** how many they are, counted up to 1,000 */
        readonly slots: number;
      }[];
      readonly nextCursor: string | null;
    };
  };
  /** Take a message in */
  takeMessage: {
    input: {
      readonly chat: string;
      readonly messageId?: string;
      readonly text: string;
      readonly sender?: string;
      readonly kind?: 'missed' | 'scheduled' | 'followup';
      readonly at?: string;
    };
    output: {
      readonly id: string;
      readonly chat: string;
      readonly messageId: string;
      readonly text: string;
      readonly sender: string | null;
      readonly kind: 'missed' | 'scheduled' | 'followup';
      /** when it was written; of a scheduled one, its time */
      readonly receivedAt: string;
      readonly status: 'received' | 'queued' | 'processed' | 'failed';
      /** what went wrong with it */
      readonly error: string | null;
      readonly deduplicated: boolean;
    };
  };
  /** List messages that came in, newest first */
  listMessages: {
    input: {
      limit?: string | number | readonly string[];
      cursor?: string | number | readonly string[];
      chat?: string | number | readonly string[];
    };
    output: {
      readonly data: readonly {
        readonly id: string;
        readonly chat: string;
        readonly messageId: string;
        readonly text: string;
        readonly sender: string | null;
        readonly kind: 'missed' | 'scheduled' | 'followup';
        /** when it was written; of a scheduled one, its time */
        readonly receivedAt: string;
        readonly status: 'received' | 'queued' | 'processed' | 'failed';
        /** what went wrong with it */
        readonly error: string | null;
      }[];
      readonly nextCursor: string | null;
    };
  };
  /** Make an API key; it is shown this once */
  makeKey: {
    input: {
      readonly name: string;
      readonly scopes: readonly ('produce' | 'consume' | 'read' | 'admin')[];
      readonly queues?: readonly string[];
      readonly expiresAt?: string;
      readonly tenant?: string | '';
      readonly rateLimit?: {
        readonly limit: number;
        readonly period: number | string;
      };
    };
    output: {
      readonly id: string;
      readonly name: string;
      /** empty: the default tenant */
      readonly tenant: string;
      readonly scopes: readonly ('produce' | 'consume' | 'read' | 'admin')[];
      /** null: all of its tenant */
      readonly queues: readonly string[] | null;
      /** null: what HOLDFAST_RATE_LIMIT says */
      readonly rateLimit: {
        readonly limit: number;
        /** milliseconds */
        readonly period: number;
      } | null;
      /** how the key begins */
      readonly hint: string;
      readonly createdAt: string;
      /** the id of the key that made it */
      readonly createdBy: string;
      readonly expiresAt: string | null;
      readonly revokedAt: string | null;
      /** to the minute */
      readonly lastUsedAt: string | null;
      /** until then the key before the last rotation is good too */
      readonly previousUntil: string | null;
      /** shown this once, and nowhere kept; null in a replayed answer: rotate it then */
      readonly key: string | null;
    };
  };
  /** List API keys, newest first */
  listKeys: {
    input: {
      limit?: string | number | readonly string[];
      cursor?: string | number | readonly string[];
      tenant?: string | number | readonly string[];
    };
    output: {
      readonly data: readonly {
        readonly id: string;
        readonly name: string;
        /** empty: the default tenant */
        readonly tenant: string;
        readonly scopes: readonly ('produce' | 'consume' | 'read' | 'admin')[];
        /** null: all of its tenant */
        readonly queues: readonly string[] | null;
        /** null: what HOLDFAST_RATE_LIMIT says */
        readonly rateLimit: {
          readonly limit: number;
          /** milliseconds */
          readonly period: number;
        } | null;
        /** how the key begins */
        readonly hint: string;
        readonly createdAt: string;
        /** the id of the key that made it */
        readonly createdBy: string;
        readonly expiresAt: string | null;
        readonly revokedAt: string | null;
        /** to the minute */
        readonly lastUsedAt: string | null;
        /** until then the key before the last rotation is good too */
        readonly previousUntil: string | null;
      }[];
      readonly nextCursor: string | null;
    };
  };
  /** Revoke an API key for good */
  revokeKey: {
    input: {
      readonly id: string;
    };
    output: {
      readonly id: string;
      readonly name: string;
      /** empty: the default tenant */
      readonly tenant: string;
      readonly scopes: readonly ('produce' | 'consume' | 'read' | 'admin')[];
      /** null: all of its tenant */
      readonly queues: readonly string[] | null;
      /** null: what HOLDFAST_RATE_LIMIT says */
      readonly rateLimit: {
        readonly limit: number;
        /** milliseconds */
        readonly period: number;
      } | null;
      /** how the key begins */
      readonly hint: string;
      readonly createdAt: string;
      /** the id of the key that made it */
      readonly createdBy: string;
      readonly expiresAt: string | null;
      readonly revokedAt: string | null;
      /** to the minute */
      readonly lastUsedAt: string | null;
      /** until then the key before the last rotation is good too */
      readonly previousUntil: string | null;
    };
  };
  /** Give an API key a new secret; the one before is good for a while */
  rotateKey: {
    input: {
      readonly id: string;
    } & Partial<{
      readonly grace?: number | string;
    }>;
    output: {
      readonly id: string;
      readonly name: string;
      /** empty: the default tenant */
      readonly tenant: string;
      readonly scopes: readonly ('produce' | 'consume' | 'read' | 'admin')[];
      /** null: all of its tenant */
      readonly queues: readonly string[] | null;
      /** null: what HOLDFAST_RATE_LIMIT says */
      readonly rateLimit: {
        readonly limit: number;
        /** milliseconds */
        readonly period: number;
      } | null;
      /** how the key begins */
      readonly hint: string;
      readonly createdAt: string;
      /** the id of the key that made it */
      readonly createdBy: string;
      readonly expiresAt: string | null;
      readonly revokedAt: string | null;
      /** to the minute */
      readonly lastUsedAt: string | null;
      /** until then the key before the last rotation is good too */
      readonly previousUntil: string | null;
      /** shown this once, and nowhere kept; null in a replayed answer: rotate it then */
      readonly key: string | null;
    };
  };
  /** What was administered, by whom, newest first */
  listAudit: {
    input: {
      limit?: string | number | readonly string[];
      cursor?: string | number | readonly string[];
    };
    output: {
      readonly data: readonly {
        readonly id: string;
        readonly at: string;
        readonly tenant: string;
        /** who */
        readonly key: {
          readonly id: string;
          readonly name: string;
        };
        /** what: the operation */
        readonly action: string;
        /** on what: the path */
        readonly target: string;
        readonly outcome: 'done' | 'refused' | 'failed';
        readonly status: number;
        /** why it was not done */
        readonly code: string | null;
      }[];
      readonly nextCursor: string | null;
    };
  };
  /** Run a maintenance task now, or join the run under way */
  runMaintenance: {
    input: {
      readonly task: string;
    };
    output: {
      readonly id: string;
      readonly task: string;
      readonly trigger: 'schedule' | 'manual';
      readonly startedAt: string;
      readonly finishedAt: string;
      readonly durationMs: number;
      readonly outcome: 'completed' | 'failed' | 'skipped';
      /** what it did, in figures */
      readonly counts: Readonly<Record<string, Json>>;
      /** why it was skipped */
      readonly reason?: string;
      readonly error?: {
        readonly code: string;
        readonly message: string;
      };
      readonly recorded: boolean;
    };
  };
  /** The history of maintenance, newest first */
  listMaintenanceRuns: {
    input: {
      limit?: string | number | readonly string[];
      cursor?: string | number | readonly string[];
      task?: string | number | readonly string[];
    };
    output: {
      readonly data: readonly {
        readonly id: string;
        readonly task: string;
        readonly trigger: 'schedule' | 'manual';
        readonly startedAt: string;
        readonly finishedAt: string;
        readonly durationMs: number;
        readonly outcome: 'completed' | 'failed' | 'skipped';
        /** what it did, in figures */
        readonly counts: Readonly<Record<string, Json>>;
        /** why it was skipped */
        readonly reason?: string;
        readonly error?: {
          readonly code: string;
          readonly message: string;
        };
      }[];
      readonly nextCursor: string | null;
    };
  };
  /** What recovery found and decided about each promise, newest first */
  listRecoveries: {
    input: {
      limit?: string | number | readonly string[];
      cursor?: string | number | readonly string[];
      promise?: string | number | readonly string[];
    };
    output: {
      readonly data: readonly {
        readonly promise: string;
        readonly queue: string;
        readonly type: string;
        /** why: its worker was lost; the same, and nothing was heard of it since the claim; it was due where no claim looked, or in a lane that let nobody in; its parents were settled */
        readonly reason: 'lease-expired' | 'claim-silent' | 'never-woken' | 'parents-settled';
        /** who had it; null: nobody */
        readonly worker: string | null;
        /** null: it never sent one */
        readonly lastHeartbeatAt: string | null;
        readonly decision: 'run-again' | 'quarantine' | 'wait' | 'fail' | 'cancel';
        readonly nextRunAt: string | null;
        readonly recoveredAt: string;
      }[];
      readonly nextCursor: string | null;
    };
  };
  /** Everything that the queue database keeps, of all tenants, as NDJSON */
  exportLines: { input: Record<never, never>; output: ReadableStream<Uint8Array> };
  /** Bring an export in */
  importLines: {
    input: { check?: 'true' | 'false' } & {
      readonly lines: string | Uint8Array<ArrayBuffer> | Blob;
    };
    output: {
      /** by kind */
      readonly lines: Readonly<Record<string, number>>;
      /** by kind; null with `check` */
      readonly report: Readonly<
        Record<
          string,
          {
            /** written now */
            readonly imported: number;
            /** there already */
            readonly known: number;
            /** left out: a key or a name is taken */
            readonly conflicts: number;
          }
        >
      > | null;
    };
  };
  /** What the analysis has found out, newest first */
  listInsights: {
    input: {
      limit?: string | number | readonly string[];
      cursor?: string | number | readonly string[];
      kind?: 'summary' | 'trend' | 'anomaly' | 'slow' | 'failing' | 'reflection';
    };
    output: {
      readonly data: readonly {
        readonly id: string;
        readonly kind: 'summary' | 'trend' | 'anomaly' | 'slow' | 'failing' | 'reflection';
        readonly title: string;
        readonly text: string;
        /** the figures that it stands on */
        readonly data: Json;
        /** the period */
        readonly from: string;
        readonly to: string;
        /** when it was found */
        readonly at: string;
      }[];
      readonly nextCursor: string | null;
    };
  };
  /** The whole report: queue, databases, maintenance */
  getHealth: {
    input: Record<never, never>;
    output: {
      readonly status: 'ok' | 'degraded';
      /** why it is degraded */
      readonly reasons: readonly string[];
      /** what the figures mean */
      readonly state: 'idle' | 'healthy' | 'busy' | 'attention' | 'degraded';
      /** what was seen, in words */
      readonly observations: readonly string[];
      /** what to do about it */
      readonly suggestions: readonly string[];
      readonly checkedAt: string;
      readonly queue: {
        readonly byStatus: Readonly<Record<string, number>> | null;
        /** how long the oldest due promise has been due */
        readonly oldestReadyAgeMs: number | null;
        /** running promises whose lease is over */
        readonly stalled: number | null;
        /** completed / (completed + failed), of what is kept */
        readonly successRate: number | null;
        /** true: fallback data, as it was at `at` */
        readonly stale: boolean;
        readonly at: string | null;
      };
      readonly databases: readonly Readonly<Record<string, Json>>[];
      readonly maintenance: readonly {
        readonly task: string;
        readonly lastRun: {
          readonly id: string;
          readonly task: string;
          readonly trigger: 'schedule' | 'manual';
          readonly startedAt: string;
          readonly finishedAt: string;
          readonly durationMs: number;
          readonly outcome: 'completed' | 'failed' | 'skipped';
          /** what it did, in figures */
          readonly counts: Readonly<Record<string, Json>>;
          /** why it was skipped */
          readonly reason?: string;
          readonly error?: {
            readonly code: string;
            readonly message: string;
          };
        } | null;
        readonly nextDueAt: string | null;
      }[];
    };
  };
  /** Whether the process answers */
  isLive: {
    input: Record<never, never>;
    output: {
      readonly status: 'ok';
    };
  };
  /** Whether work can be taken: both databases answer and the service is not stopping */
  isReady: {
    input: Record<never, never>;
    output: {
      readonly status: 'ok';
    };
  };
  /** Both databases: topology, verified settings, capabilities, WAL, locks, last checkpoint */
  listDatabases: {
    input: Record<never, never>;
    output: {
      readonly data: readonly {
        readonly name: string;
        readonly topology: 'file' | 'replica' | 'remote' | 'memory';
        /** false: it could not be read just now */
        readonly ok: boolean;
        readonly managedBy: 'holdfast' | 'server' | null;
        /** as read back from the database */
        readonly settings: Readonly<Record<string, Json>> | null;
        readonly wanted: Readonly<Record<string, Json>> | null;
        /** where the two differ, and why */
        readonly deviations: readonly Readonly<Record<string, Json>>[];
        readonly capabilities: Readonly<Record<string, Json>>;
        readonly walBytes: number | null;
        readonly lastCheckpoint: Readonly<Record<string, Json>> | null;
        readonly telemetry: Readonly<Record<string, Json>>;
        readonly error?: string;
      }[];
    };
  };
  /** What this process has done, and what the queue holds, in numbers */
  getTelemetry: {
    input: Record<never, never>;
    output: {
      readonly at: string;
      /** upper bounds of the classes of all histograms */
      readonly boundsMs: readonly number[];
      /** by name */
      readonly databases: Readonly<Record<string, Readonly<Record<string, Json>>>>;
      /** what this process has done since it began */
      readonly lines: readonly {
        readonly queue: string;
        readonly type: string;
        readonly enqueued: number;
        /** attempts given to workers */
        readonly claimed: number;
        readonly completed: number;
        readonly failed: number;
        readonly cancelled: number;
        /** attempts that failed and are tried again */
        readonly retried: number;
        readonly snoozed: number;
        /** attempts that lost their worker */
        readonly recovered: number;
        readonly quarantined: number;
        /** from due to claimed */
        readonly wait: {
          readonly counts: readonly number[];
          readonly count: number;
          readonly sumMs: number;
        };
        /** from claimed to ended */
        readonly run: {
          readonly counts: readonly number[];
          readonly count: number;
          readonly sumMs: number;
        };
      }[];
      /** what the queue holds; null: it does not answer */
      readonly queues:
        | readonly {
            readonly queue: string;
            readonly type: string;
            readonly counts: Readonly<Record<string, number>>;
            readonly oldestReadyAgeMs: number | null;
          }[]
        | null;
      /** bytes; null where nobody tells */
      readonly memory: Readonly<Record<string, number>> | null;
    };
  };
  /** The same as text for Prometheus */
  getMetrics: { input: Record<never, never>; output: string };
  /** What all processes did together, step by step, oldest first */
  getTelemetryHistory: {
    input: {
      from?: string | number | readonly string[];
      to?: string | number | readonly string[];
      step?: string | number | readonly string[];
    };
    output: {
      /** milliseconds */
      readonly step: number;
      /** upper bounds of the classes of all histograms */
      readonly boundsMs: readonly number[];
      readonly data: readonly {
        readonly databases: Readonly<
          Record<
            string,
            {
              readonly reads: number;
              readonly writes: number;
              readonly failures: number;
              readonly busy: number;
              readonly retries: number;
              readonly deadlinesPassed: number;
              readonly connectionsDiscarded: number;
              /** null where no server tells */
              readonly rowsRead: number | null;
              readonly rowsWritten: number | null;
              /** null: nothing was counted */
              readonly lockWait: {
                readonly counts: readonly number[];
                readonly count: number;
                readonly sumMs: number;
              } | null;
              /** the longest write */
              readonly writeMsMax: number | null;
              /** the largest seen */
              readonly walBytes: number | null;
            }
          >
        >;
        readonly lines: readonly {
          readonly queue: string;
          readonly type: string;
          readonly enqueued: number;
          readonly claimed: number;
          readonly completed: number;
          readonly failed: number;
          readonly cancelled: number;
          readonly retried: number;
          readonly snoozed: number;
          readonly recovered: number;
          readonly quarantined: number;
          /** null: nothing was counted */
          readonly wait: {
            readonly counts: readonly number[];
            readonly count: number;
            readonly sumMs: number;
          } | null;
          /** null: nothing was counted */
          readonly run: {
            readonly counts: readonly number[];
            readonly count: number;
            readonly sumMs: number;
          } | null;
          /** the most pending seen */
          readonly depth: number | null;
          /** the longest that one was due */
          readonly oldestReadyAgeMs: number | null;
        }[];
        /** of the largest process */
        readonly rssBytes: number | null;
        /** when the step began */
        readonly at: string;
      }[];
    };
  };
}

/** How each operation is asked for. */

export const ROUTES = {
  makePromise: { method: 'POST', path: '/v1/promises', query: [], body: true, key: true },
  listPromises: {
    method: 'GET',
    path: '/v1/promises',
    query: ['status', 'queue', 'type', 'key', 'tag', 'limit', 'cursor'],
    body: false,
    key: false,
  },
  getPromise: {
    method: 'GET',
    path: '/v1/promises/{id}',
    query: ['wait'],
    body: false,
    key: false,
  },
  changePromise: { method: 'PATCH', path: '/v1/promises/{id}', query: [], body: true, key: false },
  cancelPromise: {
    method: 'POST',
    path: '/v1/promises/{id}/cancel',
    query: [],
    body: true,
    key: false,
  },
  retryPromise: {
    method: 'POST',
    path: '/v1/promises/{id}/retry',
    query: [],
    body: true,
    key: false,
  },
  makePromises: { method: 'POST', path: '/v1/promises/batch', query: [], body: true, key: true },
  explainPromise: {
    method: 'GET',
    path: '/v1/promises/{id}/explain',
    query: [],
    body: false,
    key: false,
  },
  retryPromises: { method: 'POST', path: '/v1/promises/retry', query: [], body: true, key: false },
  listParents: {
    method: 'GET',
    path: '/v1/promises/{id}/parents',
    query: [],
    body: false,
    key: false,
  },
  listQueues: {
    method: 'GET',
    path: '/v1/queues',
    query: ['limit', 'cursor'],
    body: false,
    key: false,
  },
  getQueue: { method: 'GET', path: '/v1/queues/{queue}', query: [], body: false, key: false },
  setQueue: { method: 'PUT', path: '/v1/queues/{queue}', query: [], body: true, key: false },
  pauseQueue: {
    method: 'POST',
    path: '/v1/queues/{queue}/pause',
    query: [],
    body: true,
    key: false,
  },
  resumeQueue: {
    method: 'POST',
    path: '/v1/queues/{queue}/resume',
    query: [],
    body: true,
    key: false,
  },
  listTypes: { method: 'GET', path: '/v1/types', query: [], body: false, key: false },
  pauseType: { method: 'POST', path: '/v1/types/{type}/pause', query: [], body: true, key: false },
  resumeType: {
    method: 'POST',
    path: '/v1/types/{type}/resume',
    query: [],
    body: true,
    key: false,
  },
  claimPromises: {
    method: 'POST',
    path: '/v1/queues/{queue}/claim',
    query: [],
    body: true,
    key: false,
  },
  heartbeat: {
    method: 'POST',
    path: '/v1/promises/{id}/heartbeat',
    query: [],
    body: true,
    key: false,
  },
  heartbeats: { method: 'POST', path: '/v1/heartbeats', query: [], body: true, key: false },
  reportProgress: {
    method: 'POST',
    path: '/v1/promises/{id}/progress',
    query: [],
    body: true,
    key: false,
  },
  completePromise: {
    method: 'POST',
    path: '/v1/promises/{id}/complete',
    query: [],
    body: true,
    key: false,
  },
  failPromise: {
    method: 'POST',
    path: '/v1/promises/{id}/fail',
    query: [],
    body: true,
    key: false,
  },
  snoozePromise: {
    method: 'POST',
    path: '/v1/promises/{id}/snooze',
    query: [],
    body: true,
    key: false,
  },
  settlePromises: { method: 'POST', path: '/v1/settlements', query: [], body: true, key: false },
  listEvents: {
    method: 'GET',
    path: '/v1/events',
    query: ['queue', 'type', 'kind', 'after', 'limit', 'wait'],
    body: false,
    key: false,
  },
  listQueueEvents: {
    method: 'GET',
    path: '/v1/queues/{queue}/events',
    query: ['type', 'kind', 'after', 'limit', 'wait'],
    body: false,
    key: false,
  },
  listPromiseEvents: {
    method: 'GET',
    path: '/v1/promises/{id}/events',
    query: ['kind', 'after', 'limit', 'wait'],
    body: false,
    key: false,
  },
  makeSubscription: { method: 'POST', path: '/v1/subscriptions', query: [], body: true, key: true },
  listSubscriptions: {
    method: 'GET',
    path: '/v1/subscriptions',
    query: ['limit', 'cursor'],
    body: false,
    key: false,
  },
  getSubscription: {
    method: 'GET',
    path: '/v1/subscriptions/{id}',
    query: [],
    body: false,
    key: false,
  },
  changeSubscription: {
    method: 'PATCH',
    path: '/v1/subscriptions/{id}',
    query: [],
    body: true,
    key: false,
  },
  rotateSubscriptionSecret: {
    method: 'POST',
    path: '/v1/subscriptions/{id}/rotate',
    query: [],
    body: true,
    key: true,
  },
  deleteSubscription: {
    method: 'DELETE',
    path: '/v1/subscriptions/{id}',
    query: [],
    body: false,
    key: false,
  },
  makeSchedule: { method: 'POST', path: '/v1/schedules', query: [], body: true, key: true },
  listSchedules: {
    method: 'GET',
    path: '/v1/schedules',
    query: ['limit', 'cursor'],
    body: false,
    key: false,
  },
  getSchedule: { method: 'GET', path: '/v1/schedules/{name}', query: [], body: false, key: false },
  changeSchedule: {
    method: 'PATCH',
    path: '/v1/schedules/{name}',
    query: [],
    body: true,
    key: false,
  },
  deleteSchedule: {
    method: 'DELETE',
    path: '/v1/schedules/{name}',
    query: [],
    body: false,
    key: false,
  },
  pauseSchedule: {
    method: 'POST',
    path: '/v1/schedules/{name}/pause',
    query: [],
    body: true,
    key: false,
  },
  resumeSchedule: {
    method: 'POST',
    path: '/v1/schedules/{name}/resume',
    query: [],
    body: true,
    key: false,
  },
  triggerSchedule: {
    method: 'POST',
    path: '/v1/schedules/{name}/trigger',
    query: [],
    body: true,
    key: true,
  },
  backfillSchedule: {
    method: 'POST',
    path: '/v1/schedules/{name}/backfill',
    query: [],
    body: true,
    key: false,
  },
  listOccurrences: {
    method: 'GET',
    path: '/v1/schedules/{name}/occurrences',
    query: ['limit', 'cursor'],
    body: false,
    key: false,
  },
  takeMessage: { method: 'POST', path: '/v1/messages', query: [], body: true, key: true },
  listMessages: {
    method: 'GET',
    path: '/v1/messages',
    query: ['limit', 'cursor', 'chat'],
    body: false,
    key: false,
  },
  makeKey: { method: 'POST', path: '/v1/keys', query: [], body: true, key: true },
  listKeys: {
    method: 'GET',
    path: '/v1/keys',
    query: ['limit', 'cursor', 'tenant'],
    body: false,
    key: false,
  },
  revokeKey: { method: 'DELETE', path: '/v1/keys/{id}', query: [], body: false, key: false },
  rotateKey: { method: 'POST', path: '/v1/keys/{id}/rotate', query: [], body: true, key: true },
  listAudit: {
    method: 'GET',
    path: '/v1/audit',
    query: ['limit', 'cursor'],
    body: false,
    key: false,
  },
  runMaintenance: {
    method: 'POST',
    path: '/v1/maintenance/{task}',
    query: [],
    body: true,
    key: false,
  },
  listMaintenanceRuns: {
    method: 'GET',
    path: '/v1/maintenance/runs',
    query: ['limit', 'cursor', 'task'],
    body: false,
    key: false,
  },
  listRecoveries: {
    method: 'GET',
    path: '/v1/maintenance/recoveries',
    query: ['limit', 'cursor', 'promise'],
    body: false,
    key: false,
  },
  exportLines: {
    method: 'GET',
    path: '/v1/export',
    query: [],
    body: false,
    key: false,
    stream: true,
  },
  importLines: { method: 'POST', path: '/v1/import', query: ['check'], body: 'lines', key: false },
  listInsights: {
    method: 'GET',
    path: '/v1/insights',
    query: ['limit', 'cursor', 'kind'],
    body: false,
    key: false,
  },
  getHealth: { method: 'GET', path: '/v1/health', query: [], body: false, key: false },
  isLive: { method: 'GET', path: '/healthz', query: [], body: false, key: false },
  isReady: { method: 'GET', path: '/readyz', query: [], body: false, key: false },
  listDatabases: { method: 'GET', path: '/v1/databases', query: [], body: false, key: false },
  getTelemetry: { method: 'GET', path: '/v1/telemetry', query: [], body: false, key: false },
  getMetrics: { method: 'GET', path: '/metrics', query: [], body: false, key: false },
  getTelemetryHistory: {
    method: 'GET',
    path: '/v1/telemetry/history',
    query: ['from', 'to', 'step'],
    body: false,
    key: false,
  },
} as const;
