import * as z from "zod";
import { smokeFigures } from "../release/gates.js";
import { stageNames } from "../stages/stage.js";
import { schemaIssue } from "../util/schema-issue.js";
import { compute } from "./compute-schema.js";
import { evaluationEffort } from "./evaluation-schema.js";
import { executors } from "./executors-schema.js";
import { pipelineGates } from "./gates-schema.js";
import { quantize } from "./schema.js";
import { chunks, comparators, context } from "./schema-parts.js";
import { tasksEffort } from "./tasks-schema.js";

/** Stages whose inputs are variants. */
const ofVariants: ReadonlySet<string> = new Set(["validate", "smoke", "package"]);

const stages = z
  .array(z.enum(stageNames))
  .min(1)
  .superRefine((names, check) => {
    names.forEach((name, index) => {
      const before = names[index - 1];
      if (before === undefined || stageNames.indexOf(before) < stageNames.indexOf(name)) return;
      const message =
        before === name
          ? `the stage \`${name}\` appears twice`
          : `the stage \`${name}\` cannot come after \`${before}\``;
      check.addIssue(
        schemaIssue(message, `List stages in this order, each at most once: ${stageNames.join(", ")}.`, [index]),
      );
    });
    const user = names.findIndex((name) => ofVariants.has(name));
    if (user === -1 || names.includes("quantize")) return;
    const message = `the stage \`${names[user]}\` needs \`quantize\`, which makes the variants`;
    check.addIssue(schemaIssue(message, "Add `quantize` to the stages.", [user]));
  });

/** A pipeline file: build settings for all recipes that name it. */
export const pipelineSchema = z
  .strictObject({
    version: z.literal(1).describe("Version of the pipeline format."),
    description: z.string().exactOptional().describe("One line about its purpose."),
    stages: stages.exactOptional().describe("Stages to run, in order (default: all)."),
    calibration: z
      .strictObject({
        chunks: chunks.exactOptional().describe("Chunks of calibration text (default 200)."),
        context: context.exactOptional().describe("Tokens per chunk (default 512)."),
      })
      .exactOptional()
      .describe("Effort for the importance matrix."),
    search: z
      .strictObject({ chunks: chunks.exactOptional().describe("Chunks of search text (default 24).") })
      .exactOptional()
      .describe("Effort for the probes of dynamic variants."),
    evaluation: z.strictObject(evaluationEffort).exactOptional().describe("Effort for the measurement of variants."),
    comparators: comparators.exactOptional(),
    tasks: tasksEffort.exactOptional(),
    probes: z
      .enum(["none", "groups", "tensors"])
      .exactOptional()
      .describe(
        "Sensitivity probes for dynamic variants: none, one for each group of tensors, or one for each tensor (default `groups`).",
      ),
    effort: z
      .enum(["standard", "thorough"])
      .exactOptional()
      .describe(
        "`thorough` refines the chosen types with 20 to 60 additional measurements per dynamic variant (default `standard`).",
      ),
    quantize: quantize.exactOptional(),
    gates: pipelineGates.exactOptional().describe("Limits on metrics for which the recipe sets none."),
    keepIntermediates: z
      .boolean()
      .exactOptional()
      .describe("Default for `keepIntermediates` of recipes (default true)."),
    concurrency: z
      .strictObject({
        downloads: z.int().min(1).max(64).exactOptional().describe("Concurrent file downloads (default 4)."),
      })
      .exactOptional()
      .describe("Limits on concurrent work."),
    compute: compute.exactOptional(),
    executors: executors.exactOptional(),
  })
  .superRefine((value, check) => {
    if (value.effort === "thorough" && value.probes === "none") {
      const remedy = "Set `probes: groups` or `probes: tensors`, or remove `effort`.";
      check.addIssue(schemaIssue("`effort: thorough` requires probes, and `probes` is `none`", remedy, ["effort"]));
    }
    // A release without the measurements would seem to pass.
    for (const figure of value.stages?.includes("package") === true ? Object.keys(value.gates ?? {}) : []) {
      const stage = smokeFigures.some((one) => one === figure) ? "smoke" : "validate";
      if (value.stages?.includes(stage) === true) continue;
      const remedy = `Add \`${stage}\` to the stages, or remove the gate.`;
      check.addIssue(schemaIssue(`the gate \`${figure}\` needs the stage \`${stage}\``, remedy, ["gates", figure]));
    }
  })
  .describe("A quantsmith pipeline: stages, effort and default gates.");

export type Pipeline = z.output<typeof pipelineSchema>;
