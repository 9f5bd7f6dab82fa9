import type { Observation } from '../core/index.js';

/** What every span of one database says of it. */
export interface DatabaseIdentity {
  readonly name: string;
  /** Of its server; undefined on files. */
  readonly serverAddress?: string;
  readonly serverPort?: number;
}

const DURATION = {
  metric: 'db.client.operation.duration',
  by: [
    'db.system.name',
    'db.namespace',
    'db.operation.name',
    'db.query.summary',
    'server.address',
    'server.port',
  ],
} as const;

export function identityOf(name: string, url: string): DatabaseIdentity {
  if (!/^(https?|libsql|wss?):/i.test(url) || !URL.canParse(url)) return { name };
  const { hostname, port } = new URL(url);
  return { name, serverAddress: hostname, ...(port === '' ? {} : { serverPort: Number(port) }) };
}

/**
 * A call, by the semantic conventions for databases. The label stands for the query: its
 * text and its values are never in a span.
 */
export function observationOf(
  identity: DatabaseIdentity,
  operation: string,
  label: string = operation,
  statements = 1,
): Observation {
  const { name, serverAddress, serverPort } = identity;
  return {
    name: label,
    kind: 'client',
    attributes: {
      'db.system.name': 'sqlite',
      'db.namespace': name,
      'db.operation.name': operation,
      'db.query.summary': label,
      ...(statements > 1 && { 'db.operation.batch.size': statements }),
      ...(serverAddress !== undefined && { 'server.address': serverAddress }),
      ...(serverPort !== undefined && { 'server.port': serverPort }),
    },
    duration: DURATION,
  };
}
