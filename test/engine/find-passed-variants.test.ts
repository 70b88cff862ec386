import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EventBus } from "../../src/engine/events.js";
import { runPlan } from "../../src/engine/run-plan.js";
import type { PassedVariant } from "../../src/engine/runtime.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import type { Step, StepInput } from "../../src/plan/plan.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { somePlan, someStep } from "../fixtures/plan.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const home = temporaryFolder();
const reads = (step: string, file: string): StepInput => ({ kind: "step", step, file, optional: true });

function writes(id: string, files: Record<string, object>, change: Partial<Step> = {}): Step {
  return someStep({
    ...{ id, params: { id }, tools: [], resource: "io" },
    run: async ({ out }) => {
      for (const [name, content] of Object.entries(files)) await writeFile(join(out, name), JSON.stringify(content));
      return {};
    },
    ...change,
  });
}

/** Builds and measures one variant; without `breaches` the measurement fails. */
function variantSteps(name: string, bytes: number, breaches?: object[]): Step[] {
  const quantize = writes(`quantize:${name}`, { "model.gguf": { name }, "quantize.json": { bytes } });
  const inputs = { model: reads(quantize.id, "model.gguf") };
  const validate = writes(`validate:${name}`, { "quality.json": { breaches } }, { stage: "validate", inputs });
  const fails = { ...validate, run: () => Promise.reject(new Error("no figures")) };
  return [quantize, breaches === undefined ? fails : validate];
}

test("returns a variant once, when its verdict is final; never a failed or split one", async () => {
  const order: string[] = [];
  const breach = { figure: "kldMean", bound: "max", value: 1, limit: 0.1 };
  const names = ["Q8_0", "Q4_K_M", "Q2_K", "F16"];
  const steps = [
    ...variantSteps("Q8_0", 100, []),
    ...variantSteps("Q4_K_M", 100),
    ...variantSteps("Q2_K", 100, [breach]),
    ...variantSteps("F16", 300, []),
  ];
  const inputs = Object.fromEntries(
    names.flatMap((name) => [
      [`model:${name}`, reads(`quantize:${name}`, "model.gguf")],
      [`quantize:${name}`, reads(`quantize:${name}`, "quantize.json")],
      [`quality:${name}`, reads(`validate:${name}`, "quality.json")],
    ]),
  );
  const { report } = somePlan([]);
  const variants = names.map((name) => ({ name, file: `m-${name}.gguf` }));
  const params = { ...report.params, variants, measured: true, maxFileBytes: 200 };
  const events = new EventBus();
  events.subscribe((event) => event.type === "step-finished" && order.push(event.id));
  const passed: PassedVariant[] = [];
  const workspace = await openWorkspace(join(home, "out"));
  const nothing = () => Promise.reject(new Error("no tool is needed here"));
  try {
    await runPlan(somePlan(steps, { report: { params, inputs } }), {
      ...{ workspace, events, digests: new DigestCache(), signal: new AbortController().signal },
      ...{ threads: 1, fresh: false, verify: false, tools: { toolchain: nothing, python: nothing } },
      onPassed: (variant) => {
        passed.push(variant);
        order.push(`${variant.report.name} passed`);
      },
    });
  } finally {
    await workspace.close();
  }
  expect(passed.map(({ report: { name, gate, file } }) => [name, gate, file])).toEqual([
    ["Q8_0", "passed", "m-Q8_0.gguf"],
  ]);
  expect(passed[0]?.path).toMatch(/model\.gguf$/);
  expect(order.indexOf("Q8_0 passed")).toBeGreaterThan(order.indexOf("validate:Q8_0"));
});
