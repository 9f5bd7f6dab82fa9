// Reads {"amounts": [1, 2]} on the standard input and writes {"total": 3, "currency": "EUR"}.
let text = '';
for await (const chunk of process.stdin) text += chunk;
const { amounts } = JSON.parse(text);
if (!Array.isArray(amounts) || !amounts.every(Number.isFinite)) {
  console.error('amounts: must be a list of numbers');
  process.exit(2);
}
const total = amounts.reduce((sum, amount) => sum + amount, 0);
const currency = process.argv[2].replace('--currency=', '');
console.log(JSON.stringify({ total, currency }));
