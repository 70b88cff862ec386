import * as z from "zod";
import { complaint, lacking } from "./schema-parts.js";

const gate = z
  .strictObject({
    min: z.number().exactOptional().describe("Smallest value that passes."),
    max: z.number().exactOptional().describe("Largest value that passes."),
  })
  .superRefine(({ min, max }, context) => {
    if (min === undefined && max === undefined) {
      context.addIssue(
        lacking(
          ["min", "max"],
          "the gate has neither `min` nor `max`",
          "Add a limit, such as `max: 1.05`, or remove the gate.",
        ),
      );
    }
    if (min !== undefined && max !== undefined && min > max) {
      context.addIssue(
        complaint(`\`min\` ${min} is above \`max\` ${max}`, "No value can pass; swap or correct them.", ["min"]),
      );
    }
  });

const figure = (about: string) => gate.exactOptional().describe(about);

/** Limits on measured figures; a variant outside one of them is not released. */
export const gates = z.strictObject({
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

export type Gates = z.output<typeof gates>;
/** A measured figure that a gate can limit. */
export type GateFigure = keyof Gates;
