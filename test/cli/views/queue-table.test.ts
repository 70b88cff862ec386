import { expect, test } from "vitest";
import { queueTable } from "../../../src/cli/views/queue-table.js";
import type { QueueEntry } from "../../../src/queue/queue-status.js";

const entry = (state: QueueEntry["state"], more: Partial<QueueEntry> = {}): QueueEntry => {
  return { name: state, recipe: "/r.yaml", model: "m", since: "2026-01-02T03:04:05.000Z", state, ...more };
};

test("a model that was running when its process ended is interrupted", () => {
  const running = entry("running", { steps: ["convert", "quantize:Q8_0"] });
  const failed = entry("failed", { error: { code: "QS-HUB-MISSING", message: "no such model", remedy: "" } });
  const rows = (isRunning: boolean | undefined) =>
    queueTable([running, failed, entry("waiting")], isRunning)
      .slice(2)
      .map((line) => line.trimEnd());
  expect(rows(true)).toEqual([
    "running  running  2026-01-02 03:04  convert, quantize:Q8_0",
    "failed   failed   2026-01-02 03:04  QS-HUB-MISSING: no such model",
    "waiting  waiting  2026-01-02 03:04",
  ]);
  expect(rows(false)[0]).toContain("interrupted");
});
