import { mismatchedType } from "../../quant/name-mismatch.js";
import { presets } from "../../quant/presets.js";
import { QuantsmithError } from "../../util/errors.js";
import type { Gguf } from "../gguf.js";
import { bitsPerWeight, typeCounts } from "../summary.js";
import type { MetadataChange } from "./change-metadata.js";

/** Requires that a new `general.file_type`, by which programs label the file, fits its tensors. Errors: QS-EDIT-VALUE. */
export function requireFittingFileType(gguf: Gguf, changes: readonly MetadataChange[]): void {
  const after = changes.find(({ key }) => key === "general.file_type")?.after;
  if (after === undefined || after.type === "array") return;
  const preset = presets.find(({ fileType }) => fileType === Number(after.value));
  const bits = bitsPerWeight(gguf);
  const main = preset && mismatchedType(preset.name, bits, typeCounts(gguf));
  if (main === undefined) return;
  const found = `the file has ${bits.toFixed(2)} bits per weight, with most tensors in ${main}`;
  const message = `"general.file_type" cannot be ${after.value} (${preset?.name}): ${found}`;
  throw new QuantsmithError("QS-EDIT-VALUE", message, {
    remedy: "Set the number of a preset with these types, or build the variant again.",
  });
}
