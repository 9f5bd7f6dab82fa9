// A process that looks at one database file beside those who work with it, and ends without touching
// them: opening and closing a file in a process that has it open drops that process's locks (F14).
// Plain JavaScript, since a child process is started without the loader that understands TypeScript.
import { closeSync, openSync, readSync } from 'node:fs';
import Binding from 'libsql';

/** @type {Binding.Database | undefined} */
let connection;

const ACTIONS = {
  bytes: ({ path, length }) => {
    // Closing the file would drop the locks of our own connection.
    if (connection !== undefined) throw new Error('bytes are read before a connection is open');
    const buffer = Buffer.alloc(length);
    const file = openSync(path, 'r');
    try {
      return new Uint8Array(buffer.subarray(0, readSync(file, buffer, 0, length, 0)));
    } finally {
      closeSync(file);
    }
  },
  open: ({ path, encryptionKey }) => {
    connection = new Binding(path, encryptionKey === undefined ? {} : { encryptionKey });
  },
  exec: ({ sql }) => {
    connection.exec(sql);
  },
  all: ({ sql, args }) => {
    const statement = connection.prepare(sql).raw(true);
    const columns = statement.columns().map(({ name }) => name);
    const rows = statement.all(args ?? []);
    return rows.map((values) => Object.fromEntries(columns.map((name, at) => [name, values[at]])));
  },
  close: () => {
    connection?.close();
    connection = undefined;
  },
};

process.on('message', (question) => {
  const { id, kind } = question;
  try {
    process.send({ id, result: ACTIONS[kind](question) });
  } catch (error) {
    const { message: text, code, rawCode } = error;
    process.send({ id, error: { text, code, rawCode } });
  }
});
// Whoever asked is gone.
process.on('disconnect', () => process.exit());
