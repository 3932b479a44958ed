/** Loaded before a child's own code: ends the child when the city that started it is gone, however it went. */
if (process.channel !== undefined) {
  process.on("disconnect", () => process.exit(0));
  // The channel alone must not keep a child alive that has nothing else to do.
  process.channel?.unref();
}
