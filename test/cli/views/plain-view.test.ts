import { afterEach, expect, test, vi } from "vitest";
import { plainView } from "../../../src/cli/views/plain-view.js";
import { EventBus } from "../../../src/engine/events.js";

afterEach(() => {
  vi.useRealTimers();
});

/** Events, and the lines that the view writes of them, with their times apart. */
function viewed() {
  const lines: string[] = [];
  const times: string[] = [];
  const events = new EventBus();
  events.subscribe(
    plainView((line) => {
      times.push(line.slice(0, 8));
      lines.push(line.slice(9));
    }),
  );
  return { events, lines, times };
}

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
  expect(lines).toEqual([
    "12:00:00 convert started",
    "12:00:11 convert: file 1/9",
    "09:00:11 convert: file 3/9, about 33 s left",
  ]);
});

test("a waiting step names what it waits for", () => {
  const { events, lines } = viewed();
  const holder = { recipe: "demo", step: "validate:base", since: "2026-11-30T12:34:56.000Z" };
  events.emit({ type: "step-waiting", id: "smoke:base", for: "compute", holder });
  events.emit({ type: "step-waiting", id: "smoke:base", for: "compute" });
  events.emit({ type: "step-waiting", id: "smoke:base", for: "step", holder, owner: "process 1 has the lock /l" });
  expect(lines).toEqual([
    "smoke:base waiting: demo computes validate:base since 12:34:56, one step at a time",
    "smoke:base waiting: another run computes, one step at a time",
    "smoke:base waiting: another run (demo) is building it since 12:34:56: process 1 has the lock /l",
  ]);
});

test("there is no estimate for steps that are in the store", () => {
  const { events, lines } = viewed();
  const steps = [
    { id: "convert", stage: "convert" as const, expectedSeconds: 0 },
    { id: "calibrate", stage: "calibrate" as const },
  ];
  events.emit({ type: "run-started", recipe: "r", out: "o", steps });
  events.emit({ type: "step-started", id: "calibrate", key: "k" });
  expect(lines.at(-1)).toBe("calibrate started");
});

test("a step that starts while the last one is stored is written after its end", () => {
  const { events, lines } = viewed();
  events.emit({ type: "step-started", id: "a", key: "k" });
  events.emit({ type: "step-saving", id: "a" });
  events.emit({ type: "step-started", id: "b", key: "k" });
  events.emit({ type: "step-finished", id: "a", status: "built", seconds: 1 });
  events.emit({ type: "step-started", id: "c", key: "k" });
  expect(lines).toEqual(["a started", "a built in 1.0 s", "b started", "c started"]);
});

test("the times of lines do not run backwards", () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"], now: new Date("2026-11-30T12:00:00Z") });
  const { events, times } = viewed();
  events.emit({ type: "step-started", id: "a", key: "k" });
  events.emit({ type: "step-saving", id: "a" });
  events.emit({ type: "step-started", id: "b", key: "k" });
  vi.advanceTimersByTime(1000);
  events.emit({ type: "step-finished", id: "a", status: "built", seconds: 1 });
  expect(times).toEqual(["12:00:00", "12:00:01", "12:00:01"]);
});

test("a short step that ends meanwhile is written from its start to its end", () => {
  const { events, lines } = viewed();
  events.emit({ type: "step-started", id: "a", key: "k" });
  events.emit({ type: "step-saving", id: "a" });
  events.emit({ type: "step-started", id: "b", key: "k" });
  events.emit({ type: "step-saving", id: "b" });
  events.emit({ type: "step-finished", id: "b", status: "built", seconds: 0 });
  events.emit({ type: "step-finished", id: "a", status: "built", seconds: 1 });
  expect(lines).toEqual(["a started", "b started", "b built in 0.0 s", "a built in 1.0 s"]);
});

test("a wait for the Hub is a line", () => {
  const { events, lines } = viewed();
  events.emit({ type: "hub-waiting", why: "listing main of org/model: busy", seconds: 30 });
  expect(lines).toEqual(["waiting at least 30 s for the Hub: listing main of org/model: busy"]);
});
