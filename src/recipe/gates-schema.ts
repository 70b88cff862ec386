import * as z from "zod";
import { missingKeys, schemaIssue } from "../util/schema-issue.js";

const relative = z
  .strictObject({
    of: z.string().min(1).describe("The variant of this recipe whose figure is the limit."),
    ratio: z.number().min(0.001).max(1000).describe("What that figure is multiplied with; 1 is no worse than it."),
  })
  .describe("A limit made of another variant's figure.");

/** A gate of a recipe may name another variant; a pipeline knows no variants. */
function gateSchema<Limit extends z.ZodType<number | z.output<typeof relative>>>(limit: Limit) {
  const gate = z
    .strictObject({
      min: limit.exactOptional().describe("Smallest value that passes."),
      max: limit.exactOptional().describe("Largest value that passes."),
    })
    .superRefine(({ min, max }, context) => {
      if (min === undefined && max === undefined) {
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
          schemaIssue(`\`min\` ${min} is above \`max\` ${max}`, "No value can pass; swap or correct them.", ["min"]),
        );
      }
    });
  const figure = (about: string) => gate.exactOptional().describe(about);
  return z.strictObject({
    perplexityRatio: figure("Perplexity of the variant over that of the base model; 1 is no loss."),
    perplexity: figure("Perplexity of the variant on the evaluation text."),
    kldMean: figure("Mean Kullback-Leibler divergence from the base model, in nats."),
    kldMedian: figure("Median Kullback-Leibler divergence, in nats."),
    kld90: figure("90 % quantile of the divergence, in nats."),
    kld99: figure("99 % quantile of the divergence, in nats."),
    kld999: figure("99.9 % quantile of the divergence, in nats."),
    kldMax: figure("Largest divergence at one token, in nats."),
    rmsDeltaP: figure("Root mean square change of the probability of the right token, in percent."),
    sameTop: figure("Tokens with the same most likely prediction as the base model, in percent."),
  });
}

/** Limits on measured figures, the same for every recipe that names the pipeline. */
export const pipelineGates = gateSchema(z.number());

/** Limits on measured figures; a variant outside one of them is not released. */
export const gates = gateSchema(z.union([z.number(), relative]));

export type Gates = z.output<typeof gates>;
