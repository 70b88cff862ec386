import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Board } from "../../../src/cli/views/board.js";
import type { RunEvent, StepIdentity } from "../../../src/engine/events.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const variants = ["Q8_0", "Q4_K_M", "Q3_K_M"];
const steps: StepIdentity[] = [
  { id: "fetch", stage: "fetch" },
  { id: "convert", stage: "convert" },
  { id: "validate:base", stage: "validate" },
  ...variants.flatMap((variant) =>
    (["quantize", "validate", "smoke"] as const).map((stage) => ({ id: `${stage}:${variant}`, stage, variant })),
  ),
  { id: "package:Q8_0:memory", stage: "package", variant: "Q8_0" },
  { id: "package", stage: "package" },
];

function boardAfter(...events: RunEvent[]): Board {
  const board = new Board();
  const started: RunEvent = { type: "run-started", recipe: "r.yaml", out: "out", steps };
  for (const event of [started, ...events]) board.follow({ time: "2026-11-30T12:00:00Z", ...event });
  return board;
}

const start = (id: string): RunEvent => ({ type: "step-started", id, key: "k" });
const end = (id: string, found?: string): RunEvent => ({
  ...{ type: "step-finished", id, status: "built", seconds: 1 },
  ...(found === undefined ? {} : { found }),
});
const texts = (board: Board, height?: number) => board.rows(height).map(({ state = "", text }) => `${state}|${text}`);

test("shared work and each variant have a row that fills in", () => {
  const board = boardAfter(
    ...[end("fetch", "6 files"), end("convert", "56 tensors"), end("validate:base", "perplexity 9.00")],
    ...[end("quantize:Q8_0", "6.3 MB"), end("validate:Q8_0", "0.00010 ± 0.00001"), end("smoke:Q8_0", "2/2")],
    ...[end("quantize:Q4_K_M", "3.9 MB"), start("validate:Q4_K_M")],
  );
  expect(texts(board)).toEqual([
    "done|Fetch        6 files",
    "done|Convert      56 tensors",
    "done|Base         perplexity 9.00",
    "waiting|Package",
    "|  Variant      Size      KLD                Smoke",
    "done|Q8_0         6.3 MB    0.00010 ± 0.00001  2/2",
    "running|Q4_K_M       3.9 MB  measuring",
    "waiting|Q3_K_M",
  ]);
});

test("a running step states its rate and the time left, and the last row that of the run", () => {
  const board = boardAfter(start("convert"));
  const progress = (done: number) =>
    board.follow({
      ...{ time: "", type: "step-progress", id: "convert" },
      progress: { done, total: 100, unit: "tensor" },
    });
  progress(10);
  vi.advanceTimersByTime(4000);
  progress(30);
  expect(texts(board)[1]).toBe("running|Convert      tensor 30/100 (5.0/s, 14 s left)");
  // The other steps have no estimate.
  expect(texts(board).at(-1)).toBe("|at least 14 s left");
});

test("an error code, a reason and an upload are in the row of the variant", () => {
  const error = { code: "QS-QUANTIZE-FAILED", message: "m" } as never;
  const board = boardAfter(
    { type: "step-finished", id: "quantize:Q8_0", status: "failed", seconds: 1, error },
    { type: "step-finished", id: "smoke:Q8_0", status: "skipped", seconds: 0, why: "quantize:Q8_0 is missing" },
    ...["quantize", "validate", "smoke"].map((stage) => end(`${stage}:Q4_K_M`)),
    { type: "upload-progress", variant: "Q4_K_M", progress: { done: 5e6, total: 1e7, unit: "byte" } },
  );
  expect(texts(board).slice(5, 7)).toEqual([
    "failed|Q8_0         quantizing: QS-QUANTIZE-FAILED",
    "done|Q4_K_M       uploading 5.00 MB of 10.0 MB",
  ]);
});

test("a low terminal always shows what runs and what failed", () => {
  const board = boardAfter(end("fetch"), end("convert"), end("validate:base"), start("quantize:Q4_K_M"));
  expect(texts(board, 6)).toEqual([
    "done|Fetch",
    "done|Convert",
    "done|Base",
    "|  Variant      Size      KLD                Smoke",
    "running|Q4_K_M       quantizing",
    "|  3 more waiting",
  ]);
  for (const height of [8, 7, 6, 5, 4]) {
    expect(texts(board, height).length).toBeLessThanOrEqual(height);
    expect(texts(board, height).join()).toContain("running|Q4_K_M");
  }
});

test("text of a step stays on its row", () => {
  const board = boardAfter({ type: "step-note", id: "convert", note: "a\n\u001b[2Kb" }, start("convert"));
  board.follow({ time: "", type: "step-note", id: "convert", note: "a\n\u001b[2Kb" });
  expect(board.rows()[1]?.text).toBe("Convert      a\\n\\x1b[2Kb");
});

test("rows whose steps were all in the store say so", () => {
  const cached = (id: string, found?: string): RunEvent => ({ ...end(id, found), status: "cached" }) as RunEvent;
  const board = boardAfter(
    ...[cached("fetch", "6 files"), cached("package:Q8_0:memory"), end("package")],
    ...[cached("quantize:Q8_0", "6.3 MB"), cached("validate:Q8_0"), cached("smoke:Q8_0", "2/2")],
    ...[cached("quantize:Q4_K_M", "3.9 MB"), end("validate:Q4_K_M")],
  );
  const rows = texts(board);
  expect(rows).toContain("done|Fetch        6 files, cached");
  expect(rows).toContain("done|Package");
  expect(rows.find((row) => row.includes("Q8_0"))).toMatch(/2\/2 {2}cached$/);
  expect(rows.find((row) => row.includes("Q4_K_M"))).not.toContain("cached");
});

test("a wait for the Hub is a row until it ends", () => {
  const why = "listing main of org/model: the Hub's rate limit is reached (429)";
  const board = boardAfter({ type: "hub-waiting", why, seconds: 300 });
  expect(board.rows().at(-1)?.text).toBe(`waiting at least 5 min for the Hub: ${why}`);
  vi.advanceTimersByTime(300_000);
  expect(board.rows().at(-1)?.text).not.toContain("Hub");
});
