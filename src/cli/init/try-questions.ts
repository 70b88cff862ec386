import { readFile } from "node:fs/promises";
import { EventBus } from "../../engine/events.js";
import { runPlan } from "../../engine/run-plan.js";
import { inputPath } from "../../engine/step-inputs.js";
import { openWorkspace } from "../../engine/workspace.js";
import { describeToolchain } from "../../llamacpp/toolchain/toolchain.js";
import { buildPlan } from "../../plan/build-plan.js";
import { gatherFacts } from "../../plan/gather-facts.js";
import type { Plan, Step } from "../../plan/plan.js";
import type { Settings } from "../../recipe/settings.js";
import type { SmokeBaseReport } from "../../stages/smoke/smoke-base.js";
import { formatBytes } from "../../util/bytes.js";
import { DigestCache } from "../../util/digest-cache.js";
import { QuantsmithError } from "../../util/errors.js";
import { withTemporaryFolder } from "../../util/temporary-folder.js";
import { usableMemoryBytes } from "../../util/usable-memory.js";
import { interruptSignal } from "../interrupt.js";
import { lazyTools } from "../lazy-tools.js";
import { loadSettings } from "../prepare-plan.js";
import { note } from "../print.js";
import { threadCount } from "../thread-count.js";
import type { ModelOutline } from "./model-outline.js";

/** The drafted questions that the base fails, or why they were not tried. */
export type Trial = { asked: number; failing: ReadonlySet<string> } | { why: string };

/** A base of this size is converted and answers two questions in about a minute. */
const maxBaseBytes = 4e9;

/**
 * Answers the questions of a drafted recipe with the base, if its weights are on this machine and small, the tools are
 * built, and its conversion needs no Python. Questions about pictures are left out. Writes only temporary files.
 */
export async function tryQuestions(recipe: string, { source, weightBytes }: ModelOutline): Promise<Trial> {
  if (source.startsWith("hf:")) return { why: "the weights are not on this machine" };
  const limit = Math.min(maxBaseBytes, (await usableMemoryBytes()) / 2);
  if (weightBytes > limit) return { why: `the weights are larger than ${formatBytes(limit)}` };
  if ((await describeToolchain()).state !== "ready") return { why: "llama.cpp's tools are not built" };
  try {
    return await askBase(withoutTexts(await loadSettings(recipe)));
  } catch (error) {
    interruptSignal().throwIfAborted();
    if (error instanceof QuantsmithError) return { why: error.message };
    throw error;
  }
}

async function askBase(settings: Settings): Promise<Trial> {
  if (settings.smoke.length === 0) return { why: "they are about pictures" };
  const digests = new DigestCache();
  const plan = buildPlan(settings, await gatherFacts(settings, digests));
  const steps = plan.steps.filter(({ id }) => ["fetch", "convert", "smoke:base"].includes(id));
  if (steps.some(needsPython)) return { why: "the conversion needs Python" };
  note("trying the drafted questions on the base");
  return withTemporaryFolder((folder) => failingQuestions(folder, { ...plan, steps }, digests, settings));
}

/** Builds the plan in a temporary folder. */
async function failingQuestions(folder: string, plan: Plan, digests: DigestCache, { smoke }: Settings): Promise<Trial> {
  const workspace = await openWorkspace(folder);
  try {
    const signal = interruptSignal();
    const outcome = await runPlan(plan, {
      ...{ workspace, events: new EventBus(), digests, signal, threads: threadCount(undefined) },
      ...{ tools: lazyTools(signal), fresh: false, verify: false },
    });
    const [first] = outcome.errors;
    if (first !== undefined) throw first.error;
    const report = { kind: "step", step: "smoke:base", file: "smoke-base.json", optional: false } as const;
    const path = inputPath({ report }, "report", outcome.records, outcome.store) ?? "";
    const { answers } = JSON.parse(await readFile(path, "utf8")) as SmokeBaseReport;
    const failing = smoke.filter((_prompt, index) => {
      const answer = answers[index];
      return answer !== undefined && "text" in answer && answer.unmet.length > 0;
    });
    return { asked: smoke.length, failing: new Set(failing.map(({ prompt }) => prompt)) };
  } finally {
    await workspace.close();
  }
}

/** The settings without the stages, texts and pictures that the questions do not need. */
function withoutTexts(settings: Settings): Settings {
  return {
    ...settings,
    stages: ["fetch", "convert", "smoke"],
    calibration: { ...settings.calibration, corpus: [] },
    search: { ...settings.search, corpus: [] },
    evaluation: { ...settings.evaluation, corpus: [], categories: [] },
    smoke: settings.smoke.filter(({ image }) => image === undefined),
  };
}

const needsPython = ({ tools }: Step) => tools.includes("converter");
