import * as z from "zod";
import type { Gating } from "../hub/upload/repository.js";

/** What a recipe's `publish` limits the readers of its release to. */
export type ReaderLimits = {
  private?: true;
  gated?: "auto" | "manual";
};

/** Inputs of a release that not everybody may read, and the recipe's limits. */
export interface RestrictedInputs {
  /** The model's source, such as `hf:org/name`. */
  source: string;
  /** Whether only members of its repository may read the source. */
  private: boolean;
  /** Whether readers of the source must request access. */
  gated: Gating;
  /** Data sets of texts that only members may read. */
  datasets: readonly string[];
  limits: ReaderLimits;
}

const lock = z.object({
  model: z.object({
    source: z.string().catch("").default(""),
    private: z.boolean().catch(false).default(false),
    gated: z.enum(["auto", "manual"]).or(z.literal(false)).catch(false).default(false),
  }),
  privateDatasets: z.array(z.string()).catch([]).default([]),
  publish: z
    .object({ private: z.literal(true).exactOptional(), gated: z.enum(["auto", "manual"]).exactOptional() })
    .catch({})
    .default({}),
});

/**
 * Returns what a `recipe.lock.yaml` records about access to the inputs. Nothing is restricted as far as that is unknown: in
 * releases of earlier versions, and of runs without the Hub.
 */
export function restrictedInputs(content: unknown): RestrictedInputs {
  const { data } = lock.safeParse(content);
  if (data === undefined) return { source: "", private: false, gated: false, datasets: [], limits: {} };
  return { ...data.model, datasets: data.privateDatasets, limits: data.publish };
}
