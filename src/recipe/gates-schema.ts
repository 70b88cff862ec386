import * as z from "zod";
import { smokeFigures } from "../release/gates.js";
import { missingKeys, schemaIssue } from "../util/schema-issue.js";

const relative = z
  .strictObject({
    of: z.string().min(1).describe("Variant of this recipe whose metric is the limit."),
    ratio: z
      .number()
      .min(0.001)
      .max(1000)
      .describe("Factor for the other variant's metric; 1 requires a result as good as that variant's."),
  })
  .describe("A limit relative to another variant's metric.");

const bounds = <Limit extends z.ZodType>(limit: Limit) => ({
  min: limit.exactOptional().describe("Smallest value that passes."),
  max: limit.exactOptional().describe("Largest value that passes."),
});

/** Requires a limit, and limits that a value can meet. */
function checkGate(gate: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  const { min, max } = gate;
  if (Object.keys(gate).length === 0) {
    context.addIssue(
      missingKeys(
        ["min", "max"],
        "the gate has neither `min` nor `max`",
        "Add a limit, such as `max: 1.05`, or remove the gate.",
      ),
    );
  }
  if (typeof min === "number" && typeof max === "number" && min > max) {
    context.addIssue(
      schemaIssue(`\`min\` ${min} is above \`max\` ${max}`, "Swap or correct the limits; no value can pass.", ["min"]),
    );
  }
}

/** Gates of a pipeline, which knows neither variants nor categories. */
const pipelineGate = z.strictObject(bounds(z.number())).superRefine(checkGate);

/** A recipe's gate may refer to another variant, and limit single categories of the evaluation, by name. */
const recipeGate = z
  .object(bounds(z.union([z.number(), relative])))
  .catchall(z.number())
  .superRefine(checkGate);

function gateSchema<Gate extends z.ZodType>(gate: Gate) {
  const figure = (about: string) => gate.exactOptional().describe(about);
  return z.strictObject({
    perplexityRatio: figure("Perplexity of the variant divided by that of the base model; 1 means no loss."),
    perplexity: figure("Perplexity of the variant on the evaluation text."),
    kldMean: figure("Mean Kullback-Leibler divergence from the base model, in nats."),
    kldMedian: figure("Median Kullback-Leibler divergence, in nats."),
    kld90: figure("90 % quantile of the divergence, in nats."),
    kld99: figure("99 % quantile of the divergence, in nats."),
    kld999: figure("99.9 % quantile of the divergence, in nats."),
    kldMax: figure("Largest divergence at one token, in nats."),
    rmsDeltaP: figure("Root mean square change of the correct token's probability, in percent."),
    sameTop: figure("Share of tokens for which variant and base model have the same most likely token, in percent."),
    cosineToBase: figure(
      "Embedding models: smallest cosine similarity of a smoke prompt's vector to the base's; a number.",
    ),
    rankToBase: figure(
      "Embedding models: rank correlation between the similarities of 20 sentence pairs and the base's; a number.",
    ),
  });
}

/** Limits on measured figures, for all recipes that name the pipeline. */
export const pipelineGates = gateSchema(pipelineGate);

/** Limits on measured figures; a variant outside one of them is not released. */
export const gates = gateSchema(recipeGate).superRefine((all, context) => {
  for (const figure of smokeFigures) {
    for (const bound of ["min", "max"] as const) {
      if (typeof all[figure]?.[bound] !== "object") continue;
      const message = `\`${figure}\` already compares with the base and accepts only numbers`;
      context.addIssue(schemaIssue(message, "Write a number from -1 to 1, such as `min: 0.99`.", [figure, bound]));
    }
  }
});

export type Gates = z.output<typeof gates>;
