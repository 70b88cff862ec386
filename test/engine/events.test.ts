import { afterEach, expect, test, vi } from "vitest";
import { plainView } from "../../src/cli/views/plain-view.js";
import { EventBus } from "../../src/engine/events.js";

afterEach(() => {
  vi.useRealTimers();
});

test("progress is still shown after the clock was set back", () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  const lines: string[] = [];
  const events = new EventBus();
  events.subscribe(plainView((line) => lines.push(line)));
  events.emit({ type: "step-started", id: "convert", key: "" });
  const progress = (done: number) =>
    events.emit({ type: "step-progress", id: "convert", progress: { done, total: 9, unit: "file" } });
  progress(1);
  vi.setSystemTime(Date.now() - 24 * 3_600_000);
  vi.advanceTimersByTime(20_000);
  progress(2);
  progress(3);
  expect(lines.map((line) => line.slice(9))).toEqual(["convert started", expect.stringContaining("2")]);
});
