// Runs the module given as its first argument, and then has nothing left to do.
process.disconnect?.();
await import(`data:text/javascript,${encodeURIComponent(String(process.argv[2]))}`);
