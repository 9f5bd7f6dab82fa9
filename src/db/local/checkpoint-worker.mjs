// Runs in a thread of its own: a checkpoint of 64 MB takes 167 ms (F18). Plain JavaScript, since a
// worker thread is started without the loader that understands TypeScript.
import { parentPort, workerData } from 'node:worker_threads';
import Binding from 'libsql';

const { path, encryptionKey } = workerData;
const options = { timeout: 0, ...(encryptionKey === undefined ? {} : { encryptionKey }) };

/** @type {Binding.Database | undefined} */
let connection;

function open() {
  const binding = new Binding(path, options);
  // This connection must never checkpoint by itself, nor map the file (F9).
  binding.exec('PRAGMA wal_autocheckpoint=0');
  binding.exec('PRAGMA mmap_size=0');
  return binding;
}

function checkpoint() {
  connection ??= open();
  const statement = connection.prepare('PRAGMA wal_checkpoint(PASSIVE)').raw(true);
  const [[busy, logFrames, checkpointedFrames]] = statement.all([]);
  return { busy: busy !== 0, logFrames, checkpointedFrames };
}

parentPort.on('message', (message) => {
  if (message === 'close') {
    connection?.close();
    parentPort.close();
    return;
  }
  try {
    parentPort.postMessage({ result: checkpoint() });
  } catch (error) {
    connection?.close();
    connection = undefined;
    const { message: text, code, rawCode } = error;
    parentPort.postMessage({ error: { message: text, code, rawCode } });
  }
});
