import { afterEach, expect, test, vi } from "vitest";
import { plainView } from "../../../src/cli/views/plain-view.js";
import { EventBus } from "../../../src/engine/events.js";

afterEach(() => {
  vi.useRealTimers();
});

test("progress continues after the system's clock is set back", () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"], now: new Date("2026-11-30T12:00:00Z") });
  const lines: string[] = [];
  const events = new EventBus();
  events.subscribe(plainView((line) => lines.push(line)));
  const progress = (done: number) =>
    events.emit({ type: "step-progress", id: "convert", progress: { done, total: 9, unit: "file" } });
  events.emit({ type: "step-started", id: "convert", key: "k" });
  vi.advanceTimersByTime(11_000);
  progress(1);
  vi.setSystemTime(new Date("2026-11-30T09:00:00Z"));
  progress(2);
  vi.advanceTimersByTime(11_000);
  progress(3);
  expect(lines).toEqual(["12:00:00 convert started", "12:00:11 convert: file 1/9", "09:00:11 convert: file 3/9"]);
});
