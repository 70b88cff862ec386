import { once } from "node:events";
import { readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { estimatePlan } from "../../src/engine/estimate-plan.js";
import { EventBus, type TimedEvent } from "../../src/engine/events.js";
import { runPlan } from "../../src/engine/run-plan.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import type { Plan, Step } from "../../src/plan/plan.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { QuantsmithError } from "../../src/util/errors.js";
import { somePlan, someStep } from "../fixtures/plan.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { settled, until } from "../fixtures/until.js";

const home = temporaryFolder();
let count = 0;

/** Returns a separate store, and a function that runs plans in it one after the other. */
function fresh() {
  const out = join(home, `out-${count++}`);
  const run = async (
    plan: Plan,
    more: { fresh?: boolean; verify?: boolean; signal?: AbortSignal } = {},
    onEvent: (event: TimedEvent) => void = () => {},
  ) => {
    const workspace = await openWorkspace(out);
    const events = new EventBus();
    const seen: TimedEvent[] = [];
    events.subscribe((event) => seen.push(event));
    events.subscribe(onEvent);
    const nothing = () => Promise.reject(new Error("no tool is needed here"));
    try {
      const outcome = await runPlan(plan, {
        workspace,
        events,
        digests: new DigestCache(),
        signal: new AbortController().signal,
        threads: 1,
        fresh: false,
        verify: false,
        tools: { toolchain: nothing, python: nothing },
        ...more,
      });
      const statuses = Object.fromEntries(outcome.steps.map(({ id, status }) => [id, status]));
      const codes = outcome.errors.map(({ error }) => (error instanceof QuantsmithError ? error.code : String(error)));
      const folder = (id: string) => {
        const record = outcome.records.get(id);
        return record === undefined ? "" : outcome.store.folder(record.fingerprint.stage, record.key);
      };
      return { statuses, codes, seen, folder, records: outcome.records };
    } finally {
      await workspace.close();
    }
  };
  return { out, run };
}

const reads = (step: string, file = "out.bin") => ({ kind: "step", step, file, optional: false }) as const;

/** A step that writes its name and its inputs. */
function step(id: string, change: Partial<Step> = {}): Step {
  return someStep({
    id,
    stage: "quantize",
    params: { id },
    resource: "io",
    tools: [],
    run: async (context) => {
      const inputs = Object.keys(change.inputs ?? {}).map((name) => readFileSync(context.input(name) ?? "", "utf8"));
      await writeFile(join(context.out, "out.bin"), `${id}(${inputs.join(",")})`);
      return {};
    },
    ...change,
  });
}

const chain = () =>
  somePlan([step("a"), step("b", { inputs: { in: reads("a") } }), step("c", { inputs: { in: reads("b") } })]);

describe("runPlan", () => {
  test("builds in order, then reuses everything from the store", async () => {
    const { run } = fresh();
    const first = await run(chain());
    expect(first.statuses).toEqual({ a: "built", b: "built", c: "built" });
    expect(readFileSync(join(first.folder("c"), "out.bin"), "utf8")).toBe("c(b(a()))");
    expect((await run(chain())).statuses).toEqual({ a: "cached", b: "cached", c: "cached" });
    expect((await run(chain(), { fresh: true })).statuses).toEqual({ a: "built", b: "built", c: "built" });
  });

  test("a failure stops only the steps that depend on it", async () => {
    const { run } = fresh();
    const fail = () => Promise.reject(new QuantsmithError("QS-USAGE", "broken", { remedy: "-" }));
    const optional = { ...reads("b"), optional: true };
    const plan = somePlan([
      step("a"),
      step("b", { run: fail }),
      step("c", { inputs: { in: reads("b") } }),
      step("d", { inputs: { in: reads("a") } }),
      step("e", { inputs: { in: optional }, run: async () => ({}) }),
    ]);
    const { statuses, codes } = await run(plan);
    expect(statuses).toEqual({ a: "built", b: "failed", c: "skipped", d: "built", e: "built" });
    expect(codes).toEqual(["QS-USAGE"]);
  });

  test("a plan states the disk space that a run requires, with its margin", async () => {
    const { out, run } = fresh();
    const plan = somePlan([step("a", { predictedBytes: 5_000 })]);
    const workspace = await openWorkspace(out);
    expect((await estimatePlan(plan, workspace)).diskPeakBytes).toBe(64 * 2 ** 20 + 5_000);
    await run(plan);
    expect((await estimatePlan(plan, workspace)).diskPeakBytes).toBe(0);
    await workspace.close();
  });

  test("a step's warnings are reported again by every run that reuses it", async () => {
    const { out, run } = fresh();
    const warning = { code: "QW-QUANTIZE-RULE", message: "2 of 4", remedy: "r" } as const;
    const early = { ...warning, message: "known before" };
    const warned = step("a", {
      variant: "Q4_K_M",
      prepare: async () => ({ bytes: 0, warnings: [early] }),
      run: async (context) => {
        context.warn(warning);
        context.warn(warning);
        await writeFile(join(context.out, "out.bin"), "a");
        return {};
      },
    });
    const plan = somePlan([warned], { warnings: [{ ...warning, message: "of the plan" }] });
    const ofVariant = [early, warning].map((one) => ({ ...one, variant: "Q4_K_M" }));
    const seen = async () => (await run(plan)).seen.flatMap((event) => (event.type === "step-warning" ? [event] : []));
    expect((await seen()).map((event) => event.warning)).toEqual([...ofVariant, ofVariant[1]]);
    expect((await seen()).map((event) => event.warning)).toEqual(ofVariant);
    const workspace = await openWorkspace(out);
    const { warnings } = await estimatePlan(plan, workspace);
    await workspace.close();
    expect(warnings).toEqual([{ ...warning, message: "of the plan" }, ...ofVariant]);
    const messages = (await run(plan)).records.get("a")?.warnings?.map(({ message }) => message);
    expect(messages).toEqual(["known before", "2 of 4"]);
  });

  test("an abort ends the run with its reason and leaves no unfinished step in the store", async () => {
    const { run } = fresh();
    const controller = new AbortController();
    const plan = somePlan([
      step("a"),
      step("b", {
        inputs: { in: reads("a") },
        run: async ({ signal, out }) => {
          await writeFile(join(out, "out.bin"), "half");
          controller.abort(new Error("stopped"));
          if (!signal.aborted) await once(signal, "abort");
          return {};
        },
      }),
    ]);
    await expect(run(plan, { signal: controller.signal })).rejects.toThrow("stopped");
    const again = await run(somePlan([step("a"), step("b", { inputs: { in: reads("a") } })]));
    expect(again.statuses).toEqual({ a: "cached", b: "built" });
  });

  test("runs one compute step at a time, with I/O beside it", async () => {
    const { run } = fresh();
    const running = { compute: 0, io: 0 };
    let most = 0;
    let beside = false;
    const busy = (resource: "compute" | "io") => async () => {
      running[resource]++;
      most = Math.max(most, running.compute);
      beside ||= running.compute > 0 && running.io > 0;
      await until(() => beside);
      await settled();
      running[resource]--;
      return {};
    };
    const steps = ["a", "b", "c"].map((id) => step(id, { resource: "compute", run: busy("compute") }));
    await run(somePlan([...steps, step("d", { run: busy("io") })]));
    expect([most, beside]).toEqual([1, true]);
  });

  test("fails a step before it writes if the disk is too small for the prediction", async () => {
    const { run } = fresh();
    let ran = false;
    const huge = step("a", {
      predictedBytes: 2 ** 60,
      run: async () => {
        ran = true;
        return {};
      },
    });
    expect(await run(somePlan([huge]))).toMatchObject({ statuses: { a: "failed" }, codes: ["QS-DISK-SPACE"] });
    expect(ran).toBe(false);
    const exact = { ...huge, prepare: () => Promise.resolve({ bytes: 10 }) };
    expect((await run(somePlan([exact]))).statuses).toEqual({ a: "built" });
  });
});

describe("a stored step is reused only when it is whole", () => {
  const flip = (path: string) => {
    const bytes = readFileSync(path);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    const { atime, mtime } = statSync(path);
    writeFileSync(path, bytes);
    utimesSync(path, atime, mtime);
  };

  test.each([
    ["a truncated file", (path: string) => truncateSync(path, 1), false],
    ["a file of the same size with a new time", (path: string) => writeFileSync(path, "b(X())"), false],
    ["a flipped bit under the old time, with --verify", flip, true],
  ])("%s is rebuilt", async (_what, damage, verify) => {
    const { run } = fresh();
    const first = await run(chain());
    damage(join(first.folder("b"), "out.bin"));
    const second = await run(chain(), { verify });
    expect(second.statuses).toEqual({ a: "cached", b: "built", c: "cached" });
    expect(readFileSync(join(second.folder("b"), "out.bin"), "utf8")).toBe("b(a())");
  });

  test("a file that was only touched is not rebuilt", async () => {
    const { run } = fresh();
    const first = await run(chain());
    utimesSync(join(first.folder("b"), "out.bin"), new Date(), new Date());
    expect((await run(chain())).statuses).toEqual({ a: "cached", b: "cached", c: "cached" });
  });

  test("a folder without a record is garbage-collected", async () => {
    const { run } = fresh();
    const first = await run(chain());
    writeFileSync(join(first.folder("b"), "record.json"), '{"format":1,"key":');
    expect((await run(chain())).statuses).toEqual({ a: "cached", b: "built", c: "cached" });
  });

  test("steps are rebuilt when a rebuilt input has other bytes", async () => {
    const { run } = fresh();
    let text = "first";
    const plan = () => {
      const random = step("a", {
        run: async ({ out }) => {
          await writeFile(join(out, "out.bin"), text);
          return {};
        },
      });
      return somePlan([random, step("b", { inputs: { in: reads("a") } })]);
    };
    const first = await run(plan());
    text = "other";
    writeFileSync(join(first.folder("a"), "out.bin"), "spoil");
    expect((await run(plan())).statuses).toEqual({ a: "built", b: "built" });
  });
});

describe("keepIntermediates: false", () => {
  const plan = (more: Step[] = []) =>
    somePlan(
      [
        step("a", { intermediates: ["out.bin"] }),
        step("b", { inputs: { in: reads("a") } }),
        step("c", { inputs: { in: reads("a") } }),
        ...more,
      ],
      { keepIntermediates: false },
    );

  test("drops a file after its last reader and still counts the step as done", async () => {
    const { run, out } = fresh();
    const first = await run(plan());
    expect(statSync(join(first.folder("a"), "out.bin"), { throwIfNoEntry: false })).toBeUndefined();
    expect(first.records.get("a")?.outputs).toMatchObject([{ path: "out.bin", dropped: true }]);
    expect((await run(plan())).statuses).toEqual({ a: "cached", b: "cached", c: "cached" });
    const workspace = await openWorkspace(out);
    expect((await estimatePlan(plan(), workspace)).steps.map(({ status }) => status)).toEqual([
      "cached",
      "cached",
      "cached",
    ]);
    await workspace.close();
  });

  test("rebuilds the file for a new reader, and drops it again", async () => {
    const { run, out } = fresh();
    await run(plan());
    const more = () => plan([step("d", { inputs: { in: reads("a") } })]);
    const workspace = await openWorkspace(out);
    const { steps } = await estimatePlan(more(), workspace);
    await workspace.close();
    expect(steps.map(({ id, status, why }) => [id, status, why])).toEqual([
      ["a", "stale", "out.bin was removed to save space and is needed again"],
      ["b", "cached", undefined],
      ["c", "cached", undefined],
      ["d", "new", undefined],
    ]);
    const second = await run(more());
    expect(second.statuses).toEqual({ a: "built", b: "cached", c: "cached", d: "built" });
    expect(readFileSync(join(second.folder("d"), "out.bin"), "utf8")).toBe("d(a())");
    expect(second.records.get("a")?.outputs).toMatchObject([{ dropped: true }]);
  });

  test("keeps the file for a reader that failed", async () => {
    const { run } = fresh();
    const failing = step("d", { inputs: { in: reads("a") }, run: () => Promise.reject(new Error("no")) });
    const first = await run(plan([failing]));
    expect(first.statuses).toMatchObject({ d: "failed" });
    expect(readFileSync(join(first.folder("a"), "out.bin"), "utf8")).toBe("a()");
  });
});

describe("events", () => {
  test("report each step's start and end once, in the order of execution", async () => {
    const { run } = fresh();
    const { seen } = await run(chain());
    const reused = seen.map((event) =>
      event.type === "step-finished" ? `${event.id} ${event.status}` : `${event.type}`,
    );
    expect(reused).toEqual(["a", "b", "c"].flatMap((id) => ["step-started", "step-saving", `${id} built`]));
  });
});

describe("partial work", () => {
  /** Records each attempt in its partial folder and fails until the third one. */
  const stubborn = () =>
    step("a", {
      run: async (context) => {
        const file = join(await context.partial(), "tries");
        await appendFile(file, "x");
        const tries = await readFile(file, "utf8");
        if (tries.length < 3) throw new Error(`try ${tries.length}`);
        await writeFile(join(context.out, "out.bin"), tries);
        return {};
      },
    });

  test("survives failed runs, and is removed when the step is finished", async () => {
    const { run, out } = fresh();
    expect((await run(somePlan([stubborn()]))).statuses).toEqual({ a: "failed" });
    expect((await run(somePlan([stubborn()]))).statuses).toEqual({ a: "failed" });
    const third = await run(somePlan([stubborn()]));
    expect(third.statuses).toEqual({ a: "built" });
    expect(readFileSync(join(third.folder("a"), "out.bin"), "utf8")).toBe("xxx");
    expect(readdirSync(join(out, "store", ".partial"))).toEqual([]);
  });

  test("of a live run is not discarded by a run with --fresh", async () => {
    const { run } = fresh();
    let [begun, otherWaits] = [false, false];
    const slow = step("a", {
      run: async (context) => {
        const folder = await context.partial();
        await writeFile(join(folder, "first"), "");
        begun = true;
        await until(() => otherWaits);
        await writeFile(join(folder, "second"), "");
        await writeFile(join(context.out, "out.bin"), "a");
        return {};
      },
    });
    const first = run(somePlan([slow]));
    await until(() => begun);
    let waiting: TimedEvent | undefined;
    const second = run(somePlan([slow], { name: "second" }), { fresh: true }, (event) => {
      if (event.type === "step-waiting") waiting = event;
      otherWaits ||= waiting !== undefined;
    });
    expect((await second).codes).toEqual([]);
    const holder = { recipe: "test", step: "a", since: expect.stringMatching(/^\d{4}-.*Z$/) };
    expect(waiting).toMatchObject({ id: "a", for: "step", holder });
    expect((await first).codes).toEqual([]);
  });

  test("is not reused with --fresh or by a step with another key", async () => {
    const { run } = fresh();
    for (let round = 0; round < 2; round++) await run(somePlan([stubborn()]));
    expect((await run(somePlan([stubborn()]), { fresh: true })).statuses).toEqual({ a: "failed" });
    expect((await run(somePlan([{ ...stubborn(), params: { id: "other" } }]))).statuses).toEqual({ a: "failed" });
  });
});

describe("reusable steps", () => {
  /** A step of the quantize stage that reads `in` and writes the outputs of its reusable steps. */
  function reusingStep(id: string, reused: Map<string, string[]>, change: Partial<Step> = {}): Step {
    return step(id, {
      inputs: { in: reads("base") },
      run: async (context) => {
        const folders = await context.reusableSteps(["in", "none"]);
        reused.set(id, folders.map((folder) => readFileSync(join(folder, "out.bin"), "utf8")).sort());
        await writeFile(join(context.out, "out.bin"), id);
        return {};
      },
      ...change,
    });
  }
  const base = (text = "base") => step("base", { stage: "convert", params: { text } });

  test("are whole, finished steps of the same stage, version, tools and inputs", async () => {
    const { run } = fresh();
    const reused = new Map<string, string[]>();
    const others = [
      reusingStep("version", reused, { version: 2 }),
      reusingStep("tools", reused, { tools: ["llama.cpp"] }),
      reusingStep("stage", reused, { stage: "smoke" }),
      reusingStep("input", reused, { inputs: {} }),
    ];
    const { folder } = await run(
      somePlan([base(), reusingStep("a", reused), reusingStep("b", reused, { after: "a" }), ...others]),
    );
    expect([reused.get("a"), reused.get("b")]).toEqual([[], ["a"]]);
    for (const { id } of others) expect(reused.get(id), id).toEqual([]);
    await run(somePlan([base(), reusingStep("c", reused)]));
    expect(reused.get("c")).toEqual(["a", "b"]);
    await appendFile(join(folder("a"), "out.bin"), "!");
    await run(somePlan([base(), reusingStep("d", reused)]));
    expect(reused.get("d")).toEqual(["b", "c"]);
  });

  test("are, with --fresh, only steps that the run has built", async () => {
    const { run } = fresh();
    const reused = new Map<string, string[]>();
    await run(somePlan([base(), reusingStep("a", reused)]));
    const again = [base(), reusingStep("b", reused), reusingStep("c", reused, { after: "b" })];
    await run(somePlan(again), { fresh: true });
    expect([reused.get("b"), reused.get("c")]).toEqual([[], ["b"]]);
  });

  test("include the `after` step: a step waits for it, even if it fails", async () => {
    const { run } = fresh();
    const reused = new Map<string, string[]>();
    const failing = step("a", {
      run: async () => {
        await settled();
        reused.set("a", []);
        throw new Error("no");
      },
    });
    const { statuses } = await run(somePlan([base(), failing, reusingStep("b", reused, { after: "a" })]));
    expect(statuses).toEqual({ base: "built", a: "failed", b: "built" });
    expect([...reused.keys()]).toEqual(["a", "b"]);
  });
});
