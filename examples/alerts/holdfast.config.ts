import { defineConfig } from 'holdfast';

export default defineConfig({
  tasks: [],
  settings: {
    // Told when health changes: https://example.com stands for your own.
    HEALTH_ALERT_TO: 'https://example.com/alerts',
  },
});
