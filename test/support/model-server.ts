import { onTestFinished } from 'vitest';
import { type ModelServer, openModelServer } from './open-model-server.js';

/** A model that ends with the test. */
export async function startModelServer(): Promise<ModelServer> {
  const model = await openModelServer();
  onTestFinished(model.close);
  return model;
}
