import { findOverlap } from "../../corpus/find-overlap.js";
import { overlapError } from "../../corpus/overlap-error.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { type Operation, requiredInput } from "../stage.js";
import { writeReport } from "../step-files.js";

export interface CheckTextOverlapParams extends JsonObject {
  /** The inputs `text0`, `text1`, … are the files in this order. */
  texts: readonly { use: string; name: string }[];
}

/**
 * Checks texts fetched or sampled during the run for overlap with all others; existing texts are checked when the run is
 * planned. Output `texts.json`. Errors: QS-TEXT-*, QS-INPUT-CHANGED.
 */
export const checkTextOverlap: Operation<CheckTextOverlapParams> = {
  id: "check-apart",
  stage: "validate",
  version: 1,
  resource: "io",
  tools: [],
  async run({ texts }, context) {
    const used = texts.map(({ use, name }, index) => {
      const input = `text${index}`;
      return { use, name, path: requiredInput(context, input), digest: context.digest(input) };
    });
    const overlap = await findOverlap(used);
    if (overlap !== undefined) throw overlapError(overlap);
    await writeReport(context, "texts.json", { texts, overlap: null });
    return {};
  },
};
