import { linkSync, readFileSync, renameSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { copyFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { EventBus } from "../../src/engine/events.js";
import { runPlan } from "../../src/engine/run-plan.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import type { Plan, Step } from "../../src/plan/plan.js";
import type { OperationReport } from "../../src/stages/stage.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { QuantsmithError } from "../../src/util/errors.js";
import { linkOrCopy } from "../../src/util/files.js";
import { sha256 } from "../../src/util/sha256.js";
import { somePlan, someStep } from "../fixtures/plan.js";
import { replacements } from "../fixtures/replacements.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

let folder = "";
let weights = "";
const original = "weights of the checkpoint";
const digests = { "model.safetensors": sha256(original) };

beforeEach(() => {
  folder = temporaryFolder();
  weights = join(folder, "model.safetensors");
  writeFileSync(weights, original);
  // Whole seconds, which a program can set back exactly.
  utimesSync(weights, 1_700_000_000, 1_700_000_000);
});

interface Moments {
  /** After the plan has hashed the weights. */
  beforeSteps?: () => void;
  /** Between the two steps. */
  onFetched?: () => void;
  /** False for weights of the Hub, which the plan does not hash. */
  isHashed?: boolean;
}

async function run(plan: Plan, { beforeSteps = () => {}, onFetched = () => {}, isHashed = true }: Moments = {}) {
  const workspace = await openWorkspace(join(folder, "out"));
  const digests = new DigestCache();
  if (isHashed) await digests.digest(weights);
  const events = new EventBus();
  events.subscribe((event) => {
    if (event.type === "step-finished" && event.id === "fetch") onFetched();
  });
  beforeSteps();
  const nothing = () => Promise.reject(new Error("no tool is needed here"));
  try {
    const { steps, errors } = await runPlan(plan, {
      ...{ workspace, events, digests, signal: new AbortController().signal },
      ...{ threads: 1, fresh: false, verify: false, tools: { toolchain: nothing, python: nothing } },
    });
    return [
      steps.map(({ status }) => status).join(),
      ...errors.map(({ error }) => (error instanceof QuantsmithError ? error.code : String(error))),
    ];
  } finally {
    await workspace.close();
  }
}

/** A step that links to the weights, as `fetch` does, and one that reads them while `meanwhile` happens. */
function plan(meanwhile: () => void, after = () => {}, report: OperationReport = { expectedDigests: digests }): Plan {
  const common = { resource: "io", tools: [] } as const;
  const fetch = someStep({
    ...{ ...common, id: "fetch", stage: "fetch" },
    run: async ({ out }) => {
      await symlink(weights, join(out, "model.safetensors"));
      return report;
    },
  });
  const convert = someStep({
    ...{ ...common, id: "convert", stage: "convert" },
    inputs: { snapshot: { kind: "step", step: "fetch", file: "model.safetensors", optional: false } },
    run: async (context) => {
      meanwhile();
      await copyFile(context.input("snapshot") ?? "", join(context.out, "model.gguf"));
      after();
      return {};
    },
  });
  return somePlan([fetch, convert]);
}

const changed = ["built,failed", "QS-INPUT-CHANGED"];

/** Other bytes of the same length under the same modification time. */
function editSecretly(path: string): void {
  const { atime, mtime } = statSync(path);
  writeFileSync(path, original.toUpperCase());
  utimesSync(path, atime, mtime);
}

test("weights edited during a step, with their time set back, are found", async () => {
  expect(await run(plan(() => editSecretly(weights)))).toEqual(changed);
  editSecretly(weights);
  writeFileSync(weights, original);
  expect(await run(plan(() => {}))).toEqual(["cached,built"]);
});

test("a stored file that a step links and another program edits, with its time set back and a hard link, is found", async () => {
  const common = { resource: "io", tools: [] } as const;
  const build = someStep({
    ...{ ...common, id: "convert", stage: "convert" },
    run: async ({ out }) => {
      writeFileSync(join(out, "model.gguf"), original);
      utimesSync(join(out, "model.gguf"), 1_700_000_000, 1_700_000_000);
      return {};
    },
  });
  const link = (edit: (path: string) => void) =>
    someStep({
      ...{ ...common, id: "package", stage: "package" },
      inputs: { model: { kind: "step", step: "convert", file: "model.gguf", optional: false } },
      run: async (context) => {
        const path = context.input("model") ?? "";
        await linkOrCopy(path, join(context.out, "model.gguf"));
        edit(path);
        return {};
      },
    });
  const edited = (path: string) => {
    editSecretly(path);
    linkSync(path, join(folder, "backup"));
  };
  expect(await run(somePlan([build, link(edited)]), { isHashed: false })).toEqual(changed);
  expect(await run(somePlan([build, link(() => {})]), { isHashed: false })).toEqual(["built,built"]);
});

test("weights edited after the plan hashed them and before a step reads them are found", async () => {
  expect(await run(plan(() => {}))).toEqual(["built,built"]);
  const again = plan(() => {});
  const [fetch, convert] = again.steps;
  const other = { ...convert, params: { again: 1 } } as Step;
  expect(await run({ ...again, steps: [fetch as Step, other] }, { beforeSteps: () => editSecretly(weights) })).toEqual([
    "failed,skipped",
    "QS-INPUT-CHANGED",
  ]);
});

test("downloaded weights edited after their verification are found", async () => {
  const downloaded = plan(
    () => {},
    () => {},
    { digests },
  );
  expect(await run(downloaded, { onFetched: () => editSecretly(weights), isHashed: false })).toEqual(changed);
});

test("weights exchanged for a moment are found", async () => {
  const other = join(folder, "other");
  writeFileSync(other, original.toUpperCase());
  const away = () => {
    renameSync(weights, `${weights}.mine`);
    renameSync(other, weights);
  };
  const back = () => renameSync(`${weights}.mine`, weights);
  expect(await run(plan(away, back))).toEqual(changed);
  expect(readFileSync(weights, "utf8")).toBe(original);
});

test.each([
  ["removed", () => rmSync(weights)],
  ["truncated", () => truncateSync(weights, 3)],
])("a step that fails because its weights are %s reports the change", async (_what, meanwhile) => {
  const failing = plan(() => {
    meanwhile();
    throw new Error("unexpected end of file");
  });
  expect(await run(failing)).toEqual(changed);
});

test.each(replacements)("weights that are %s before their links are in the store", async (_what, replace) => {
  const { steps, ...rest } = plan(() => {});
  const [fetch, convert] = steps as [Step, Step];
  const replacing: Step = {
    ...fetch,
    run: async (context, prepared) => {
      const report = await fetch.run(context, prepared);
      replace(weights);
      return report;
    },
  };
  expect(await run({ ...rest, steps: [replacing, convert] })).toEqual(["failed,skipped", "QS-INPUT-CHANGED"]);
});

test("weights that are edited, and get a hard link, are found", async () => {
  const edit = () => {
    editSecretly(weights);
    linkSync(weights, join(folder, "kept"));
  };
  expect(await run(plan(edit))).toEqual(changed);
});

test("a hard link to the weights, as the Hugging Face cache gets, is no change", async () => {
  expect(await run(plan(() => linkSync(weights, join(folder, "linked"))))).toEqual(["built,built"]);
});
