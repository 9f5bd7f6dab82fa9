import { defineConfig, type MessageHandler } from 'holdfast';

/** Commands are the service's own; any other word is passed on, and its end told in the chat. */
const onMessage: MessageHandler = async ({ text }, { reply, commands, context, origin }) => {
  if (text.startsWith('/')) return commands();
  const told = origin === undefined ? {} : { origin };
  context.enqueue('echo', { heard: text }, { queue: 'default', ...told });
  reply('I have passed it on.');
};

export default defineConfig({ onMessage });
