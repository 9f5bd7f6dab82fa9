import { z } from 'zod';
import { HoldfastError, InputInvalidError, json } from '../../core/index.js';
import type { Model } from '../../outbound/index.js';
import type { Insights } from '../../records/index.js';
import { defineTask } from '../task.js';

/** The type of promises that ask a model about a period, and the line they stand in. */
export const REFLECT = { type: 'reflect', queue: 'insights' } as const;

export interface ReflectParts {
  readonly insights: Pick<Insights, 'add'>;
  readonly model: Model | undefined;
}

const TASK = `You look after a service that runs background tasks ("promises") over SQLite. You are given its
figures of a period as JSON, and what a statistical analysis found. Say in plain English, in at most 300 words,
what stands out, what probably causes it, and what its operator should do. Name the figures you rely on. Say
nothing that the figures do not show; if nothing stands out, say so.`;

const TITLE = 'What a model made of it';

/**
 * Asks a model what to make of a period. The figures came with the promise: no database
 * handle is held while the model thinks. Its answer is kept in one short write.
 */
export function reflectTask({ insights, model }: ReflectParts) {
  return defineTask({
    type: REFLECT.type,
    input: z.strictObject({
      from: z.int(),
      to: z.int(),
      context: json,
      findings: z.array(z.string()),
    }),
    admit() {
      const rule = 'is made by the service itself: POST /v1/maintenance/analysis';
      throw new InputInvalidError([{ path: 'type', rule, received: `"${REFLECT.type}"` }]);
    },
    async run({ from, to, context, findings }, { id, signal, progress }) {
      if (model === undefined) {
        throw new HoldfastError('setting-invalid', 'MODEL_NAME: must be set to ask a model');
      }
      const text = JSON.stringify({ figures: context, findings });
      const answer = await model.ask({
        task: TASK,
        text,
        signal,
        onText: (so) => progress(null, `${so.length} characters so far`),
      });
      const { tokens } = answer;
      const data = { model: model.name, tokens };
      const insight = { id, kind: 'reflection', title: TITLE, text: answer.text, data } as const;
      await insights.add([{ ...insight, from, to }]);
      return { insight: id, tokens };
    },
  });
}
