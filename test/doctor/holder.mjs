// A process that opens a file as any other program would, runs SQL on it, and then keeps what it has
// open until it is ended.
import Binding from 'libsql';

const [path, ...script] = process.argv.slice(2);
const connection = new Binding(path);
for (const sql of script) {
  if (sql.startsWith('SELECT')) connection.prepare(sql).iterate([]).next();
  else connection.exec(sql);
}
process.send('holding');
process.on('message', () => {});
process.on('disconnect', () => process.exit());
