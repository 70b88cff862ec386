import { expect, test } from "vitest";
import { interruptSignal } from "../../src/cli/interrupt.js";

test("commands of one process share the listeners for its signals", () => {
  const first = interruptSignal();
  const listeners = () => ["SIGINT", "SIGTERM", "SIGHUP"].map((name) => process.listenerCount(name));
  const before = listeners();
  expect(interruptSignal()).toBe(first);
  expect(listeners()).toEqual(before);
});
