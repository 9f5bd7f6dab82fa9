/** What each request makes. No task has the type: it waits for a pull worker. */
export const PROMISE = {
  type: 'bench',
  payload: { to: 'ada@example.com', order: 17, items: ['one', 'two'] },
};

export const BATCH_SIZE = 1_000;

/** As long as what the service answers. */
export const ANSWER = JSON.stringify({
  ...PROMISE,
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  filler: 'x'.repeat(480),
});
