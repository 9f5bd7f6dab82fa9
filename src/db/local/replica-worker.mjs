// An embedded replica in a thread of its own: the binding waits for the network without letting
// anything else run. Plain JavaScript, since a worker thread has no loader for TypeScript.
import { parentPort, workerData } from 'node:worker_threads';
import Binding from 'libsql';

const { path, options } = workerData;

/** @type {Binding.Database | undefined} */
let replica;

function open() {
  replica ??= new Binding(path, options);
  return replica;
}

function run({ sql, args, integers }) {
  const statement = open().prepare(sql);
  const returnsRows = statement.reader;
  if (!returnsRows) {
    const { changes, lastInsertRowid } = statement.run(args);
    return {
      columns: [],
      columnTypes: [],
      rows: [],
      rowsAffected: changes,
      lastInsertRowid,
      returnsRows,
    };
  }
  statement.raw(true);
  statement.safeIntegers(integers === 'bigint');
  const rows = statement.all(args);
  const columns = statement.columns();
  return {
    columns: columns.map(({ name }) => name),
    columnTypes: columns.map(({ type }) => type ?? ''),
    rows,
    rowsAffected: 0,
    returnsRows,
  };
}

function read(statements) {
  const database = open();
  if (statements.length === 1) return [run(statements[0])];
  database.exec('BEGIN');
  try {
    return statements.map(run);
  } finally {
    database.exec('ROLLBACK');
  }
}

const ACTIONS = {
  read: ({ statements }) => read(statements),
  sync: () => {
    const { frame_no, frames_synced } = open().sync();
    return { frame_no, frames_synced };
  },
};

parentPort.on('message', (message) => {
  if (message.kind === 'close') {
    replica?.close();
    parentPort.close();
    return;
  }
  let opened = false;
  try {
    open();
    opened = true;
    parentPort.postMessage({ id: message.id, result: ACTIONS[message.kind](message) });
  } catch (error) {
    const { message: text, code, rawCode } = error;
    // A replica parses by itself, and then throws what has no code of SQLite's.
    const sql = error instanceof Binding.SqliteError || (opened && message.kind === 'read');
    parentPort.postMessage({ id: message.id, error: { text, code, rawCode, sql } });
  }
});
