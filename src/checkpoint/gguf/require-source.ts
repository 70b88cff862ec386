import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { requireNoToken } from "../require-no-token.js";
import { requireMetadata } from "./require-metadata.js";
import type { SourceHeader } from "./source-header.js";

const routedExperts = /_(ch)?exps\.weight$/;

const kinds: Readonly<Record<string, string>> = {
  mmproj: "a projector (mmproj)",
  adapter: "an adapter (LoRA)",
  imatrix: "an importance matrix",
};

/**
 * Requires a language model with a tokenizer without access tokens, metadata that llama.cpp loads, and unquantized tensors;
 * routed experts may be MXFP4, as some models are published. `headers` are those of all splits in order, or only the first
 * ones. Pure. Throws QS-FETCH-NOT-MODEL, QS-FETCH-QUANTIZED, QS-FETCH-METADATA, QS-CONVERT-TOKENIZER and QS-CONVERT-TOKEN.
 */
export function requireSource(headers: readonly SourceHeader[]): void {
  const [first] = headers;
  if (first === undefined) return;
  requireModel(first);
  for (const header of headers) requireUnquantized(header);
  const { metadata, name } = first;
  requireNoToken(quote(name), metadata);
  const tokens = metadata.get("tokenizer.ggml.tokens");
  if (metadataString(first, "tokenizer.ggml.model") === undefined || tokens?.type !== "array") {
    throw new QuantsmithError("QS-CONVERT-TOKENIZER", `${quote(name)} contains no tokenizer`, {
      remedy: "Use a GGUF file with `tokenizer.ggml.model` and `tokenizer.ggml.tokens`, or the model's checkpoint.",
    });
  }
  requireMetadata(headers);
}

function requireModel(header: SourceHeader): void {
  const declared = metadataString(header, "general.type") ?? "model";
  const kind = metadataString(header, "general.architecture") === "clip" ? "mmproj" : declared;
  const splits = metadataNumber(header, "split.count") ?? 1;
  const isEmpty = header.tensors.length === 0 && splits <= 1;
  if (kind === "model" && !isEmpty) return;
  const what = kind === "model" ? "contains no tensors" : `is ${kinds[kind] ?? `of type ${quote(kind)}`}, not a model`;
  throw new QuantsmithError("QS-FETCH-NOT-MODEL", `${quote(header.name)} ${what}`, {
    remedy: "Name the GGUF file of the language model itself.",
  });
}

function requireUnquantized({ name, tensors }: SourceHeader): void {
  const quantized = tensors.filter(
    ({ name, type }) => type.quantized && !(type.name === "MXFP4" && routedExperts.test(name)),
  );
  const [first] = quantized;
  if (first === undefined) return;
  const count = `${quantized.length} of ${tensors.length} tensors`;
  const what = `${quote(name)} is already quantized: ${quote(first.name)} is ${first.type.name} (${count} are quantized)`;
  throw new QuantsmithError("QS-FETCH-QUANTIZED", what, {
    remedy: "Use the model's BF16, F16 or F32 file, or its checkpoint; only routed experts may be MXFP4.",
  });
}
