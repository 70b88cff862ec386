import type { Gguf } from "../../gguf/gguf.js";
import { tryReadGguf } from "../../gguf/try-read-gguf.js";
import type { ProjectorType } from "../../quant/names.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { type Operation, requiredInput, type StageContext } from "../stage.js";
import { readReport, writeReport } from "../step-files.js";
import type { StructureReport } from "../validate/check-structure.js";
import { askAll } from "./ask-all.js";
import { askedPrompts, type SmokePrompt } from "./expectation.js";
import { measureSpeed } from "./measure-speed.js";
import type { ChildOutcome } from "./run-smoke-child.js";
import type { SmokeBaseReport } from "./smoke-base.js";
import { smokeReport } from "./smoke-report.js";

export interface SmokeParams extends JsonObject {
  prompts: readonly SmokePrompt[];
  /** The projectors with which pictures are shown, the most exact first; absent without pictures. */
  projectors?: readonly ProjectorType[];
  /** Tokens of context. */
  context: number;
}

/**
 * Loads a variant like an application and answers the recipe's prompts with greedy sampling and the file's chat
 * template. Inputs `model`, `base`, if variants are measured, `structure`, and the projectors and files of pictures; output
 * `smoke.json`. A failed answer, a crash, a hang and an unreadable file are results, not errors. Errors: QS-SMOKE-RUNTIME,
 * QS-SMOKE-KILLED.
 */
export const smoke: Operation<SmokeParams> = {
  id: "smoke",
  stage: "smoke",
  version: 7,
  resource: "compute",
  usesDevices: () => true,
  tools: ["node-llama-cpp", "llama.cpp"],
  async run({ prompts, projectors, context: contextTokens }, context) {
    const asked = askedPrompts(prompts, projectors);
    const base = await readReport<SmokeBaseReport>(requiredInput(context, "base"));
    const gguf = await readModel(context);
    const outcome: ChildOutcome =
      typeof gguf === "string"
        ? { replies: [], problem: gguf, loaded: undefined, peakMemoryBytes: 0 }
        : await askAll(gguf, asked, { contextTokens, compareEngines: false }, context);
    await writeReport(context, "smoke.json", smokeReport(asked, base, outcome));
    const texts = outcome.replies.filter((_, index) => asked[index]?.projector === undefined);
    const speed = measureSpeed({ ...outcome, replies: texts }, { threads: context.threads, context: contextTokens });
    return { peakMemoryBytes: outcome.peakMemoryBytes, ...(speed && { measurements: speed }) };
  },
};

/** Reads the model's header; returns the problem of a damaged file, which must not reach native code. */
async function readModel(context: StageContext): Promise<Gguf | string> {
  const structure = await readReport<StructureReport>(context.input("structure"));
  const [problem] = structure?.problems ?? [];
  return problem ?? tryReadGguf(requiredInput(context, "model"));
}
