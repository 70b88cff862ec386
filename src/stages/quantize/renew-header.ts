import { join } from "node:path";
import { encodeHeader } from "../../gguf/encode-header.js";
import type { GgufValue } from "../../gguf/gguf.js";
import { readGguf } from "../../gguf/read-header.js";
import { type NewGguf, writeGguf } from "../../gguf/write-gguf.js";
import type { VariantRounding } from "../../release/release-report.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { type PrepareContext, type Prepared, type PreparedOperation, requiredInput } from "../stage.js";
import { reportVariant } from "./quantize.js";

export interface RenewParams extends JsonObject {
  /** Number of the released files: more than one for splits, which are joined. */
  files: number;
  /** Report of the rounding; null for rounding to nearest. */
  rounding: JsonObject | null;
}

/** Room for `quantize.json`. */
const reportBytes = 2 ** 20;

/** Returns the input name of a released file. */
export const releasedInput = (index: number) => `released:${index}`;

/**
 * Writes a released variant with the descriptions of the present base: the same tensors byte for byte under a new header.
 * Inputs `base` and the released files; outputs `model.gguf`, `quantize.json`. Errors: QS-GGUF-*.
 */
export const renewHeader: PreparedOperation<RenewParams, Prepared & { gguf: NewGguf }> = {
  stage: "quantize",
  version: 1,
  resource: "io",
  tools: [],
  async prepare({ files }, context) {
    const gguf = await joined(files, context);
    return { gguf, bytes: encodeHeader(gguf).fileBytes + reportBytes };
  },
  async run({ rounding }, context, { gguf, bytes: total }) {
    const onBytes = (done: number) => context.progress({ done, total, unit: "byte" });
    context.note("not quantizing: the tensors of the release under a new header");
    await writeGguf(join(context.out, "model.gguf"), gguf, { signal: context.signal, onBytes });
    await reportVariant(context, [], (rounding ?? undefined) as VariantRounding | undefined);
    return {};
  },
};

async function joined(files: number, context: PrepareContext): Promise<NewGguf> {
  const base = await readGguf(requiredInput(context, "base"));
  const released = [];
  for (let index = 0; index < files; index++) {
    released.push(await readGguf(requiredInput(context, releasedInput(index))));
  }
  const [first] = released;
  if (first === undefined) throw new Error("the step was planned without a released file");
  return {
    metadata: renewedMetadata(base.metadata, first.metadata),
    tensors: released.flatMap(({ path, tensors }) =>
      tensors.map(({ name, shape, type, offset }) => ({ name, shape, type, data: { path, offset } })),
    ),
  };
}

/** Keys that describe a model, its chat templates, and the end of a turn, which a template implies. */
const describing =
  /^(general\.(?!(architecture|alignment|type|file_type|quantization_version)$)|tokenizer\.(chat_templates?(\.|$)|ggml\.eo[tm]_token_id$))/;

/** Keys that quantization adds, or sets again at the end. */
const ofVariant = /^(general\.(quantization_version|file_type)$|quantize\.|quantsmith\.)/;

/**
 * Returns a released variant's metadata with the descriptions of a base, in the order in which quantizing that base would
 * write it. All other keys stay as released: another version of the converter may write other values for other tensors.
 */
export function renewedMetadata(
  base: ReadonlyMap<string, GgufValue>,
  released: ReadonlyMap<string, GgufValue>,
): Map<string, GgufValue> {
  const renewed = new Map<string, GgufValue>();
  for (const [key, value] of base) {
    const kept = describing.test(key) ? value : released.get(key);
    if (kept !== undefined && !ofVariant.test(key)) renewed.set(key, kept);
  }
  for (const [key, value] of released) {
    if (!renewed.has(key) && !describing.test(key) && !key.startsWith("split.")) renewed.set(key, value);
  }
  return renewed;
}
