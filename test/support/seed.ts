import { configureGlobal } from 'fast-check';

/** What is generated is the same in every run; `HOLDFAST_PROPERTY_SEED=$RANDOM npm test` generates something else. */
configureGlobal({ seed: Number(process.env.HOLDFAST_PROPERTY_SEED ?? 1) });
