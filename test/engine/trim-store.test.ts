import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EventBus } from "../../src/engine/events.js";
import { runPlan } from "../../src/engine/run-plan.js";
import { trimStore } from "../../src/engine/trim-store.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import type { Plan, Step } from "../../src/plan/plan.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { failureOf } from "../fixtures/failure.js";
import { somePlan, someStep } from "../fixtures/plan.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const out = temporaryFolder();
const input = (step: string, file: string) => ({ kind: "step", step, file, optional: false }) as const;
const built: string[] = [];

/** A step that writes these files; a name with a slash is inside a folder. */
function step(id: string, files: readonly string[], change: Partial<Step>): Step {
  const run: Step["run"] = async ({ out: folder, input: path }) => {
    built.push(id);
    const model = path("model");
    const read = model === undefined ? "" : await readFile(model, "utf8");
    for (const file of files) {
      mkdirSync(join(folder, file, ".."), { recursive: true });
      writeFileSync(join(folder, file), `${id} ${file} ${read}`);
    }
    return {};
  };
  return someStep({ id, run, tools: [], ...change });
}

const fetch = step("fetch", ["snapshot/a.safetensors", "snapshot.json"], { stage: "fetch" });
const convert = step("convert", ["model.gguf", "log.txt"], {
  stage: "convert",
  inputs: { snapshot: input("fetch", "snapshot") },
});
const variant = step("quantize:Q8_0", ["model.gguf"], {
  variant: "Q8_0",
  inputs: { model: input("convert", "model.gguf") },
});
const report = { ...somePlan([]).report, inputs: { snapshot: input("fetch", "snapshot.json") } };
const whole = somePlan([fetch, convert, variant], { report });
const shared = new Set(["fetch", "convert"]);

async function inStore<T>(work: (workspace: Awaited<ReturnType<typeof openWorkspace>>) => Promise<T>): Promise<T> {
  const workspace = await openWorkspace(out);
  return work(workspace).finally(() => workspace.close());
}

async function run(plan: Plan) {
  built.length = 0;
  const nothing = () => Promise.reject(new Error("no tool is needed here"));
  const outcome = await inStore((workspace) =>
    runPlan(plan, {
      ...{ workspace, events: new EventBus(), digests: new DigestCache(), signal: new AbortController().signal },
      ...{ threads: 1, fresh: false, verify: false, tools: { toolchain: nothing, python: nothing } },
    }),
  );
  const record = (id: string) => outcome.records.get(id);
  const file = (id: string, name: string) =>
    join(outcome.store.folder(record(id)?.fingerprint.stage ?? "", record(id)?.key ?? ""), name);
  return { built: [...built], file, errors: outcome.errors };
}

test("trimming keeps inputs of later steps and the report, removes the rest, and allows a rebuild", async () => {
  const first = await run({ ...whole, steps: [fetch, convert] });
  const stale = step("quantize:Q4_0", ["model.gguf"], { variant: "Q4_0" });
  const other = await run(somePlan([stale]));
  const left = await inStore((workspace) => trimStore(whole, shared, workspace));
  expect(left.steps.map(({ id }) => id)).toEqual(["fetch", "convert"]);
  const present = (id: string, name: string) => existsSync(first.file(id, name));
  expect([present("fetch", "snapshot.json"), present("convert", "model.gguf")]).toEqual([true, true]);
  expect([present("fetch", "snapshot/a.safetensors"), present("convert", "log.txt")]).toEqual([false, false]);
  expect(existsSync(other.file("quantize:Q4_0", "model.gguf"))).toBe(false);

  // The next machine continues from the trimmed store.
  expect((await run(whole)).built).toEqual(["quantize:Q8_0"]);
  // Another conversion reads a file that was dropped, so the download is repeated.
  const changed = { ...convert, version: 2 };
  const again = await run({ ...whole, steps: [fetch, changed, variant] });
  expect([again.errors, again.built]).toEqual([[], ["fetch", "convert", "quantize:Q8_0"]]);
});

test("trimming after a variant's job keeps only the variant's steps", async () => {
  await run(whole);
  const left = await inStore((workspace) => trimStore(whole, new Set(["quantize:Q8_0"]), workspace));
  expect(left.steps.map(({ id }) => id)).toEqual(["quantize:Q8_0"]);
  expect((await run({ ...whole, steps: [fetch] })).built).toEqual(["fetch"]);
});

test("trimming does not change a store of another plan", async () => {
  await run(whole);
  const files = (folder: string) => readdirSync(folder, { recursive: true }).map(String).sort();
  const before = files(join(out, "store"));
  const moved = somePlan([step("fetch", ["snapshot.json"], { stage: "fetch", params: { commit: "another" } })]);
  const refused = await inStore((workspace) => failureOf(trimStore(moved, new Set(["fetch"]), workspace)));
  expect(refused.code).toBe("QS-CACHE-OTHER");
  expect(files(join(out, "store"))).toEqual(before);
});
