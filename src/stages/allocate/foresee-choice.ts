import { stat } from "node:fs/promises";
import { readGguf } from "../../gguf/read-header.js";
import { type OutlineSource, outlineFile } from "../convert/write-outline.js";
import { dryRun } from "../quantize/dry-run.js";
import { choiceWarnings } from "../quantize/fallback-warnings.js";
import { keepQuantized } from "../quantize/quantized-source.js";
import { resolveTensorRules } from "../quantize/tensor-rules.js";
import type { ForeseeContext, Prepared } from "../stage.js";
import { type AllocateParams, choiceBytes } from "./allocate-variant.js";
import { defaultTypes } from "./candidates.js";

/**
 * Returns the bytes and the warnings of a choice of types before its base exists; undefined for a checkpoint whose
 * tensors are not known. Errors: QS-QUANTIZE-*, and those of `writeOutline`.
 */
export async function foreseeChoice(
  params: AllocateParams,
  source: OutlineSource | { file: string },
  context: ForeseeContext,
): Promise<Prepared | undefined> {
  const path = await context.once("outline", () => outlineFile(source, context.work));
  if (path === undefined) return undefined;
  const input = (name: string) => (name === "model" ? path : undefined);
  const { tensors } = await dryRun({ preset: "Q8_0", imatrixName: "" }, new Map(), { ...context, input });
  const quantized = new Set(tensors.filter(({ fromType, toType }) => fromType !== toType).map(({ name }) => name));
  const base = await readGguf(path);
  const rows = base.tensors.filter(({ name }) => quantized.has(name));
  const rules = resolveTensorRules(Object.fromEntries(params.pins), [...quantized]);
  const pins = keepQuantized(rules, base, params.allowRequantize);
  return {
    bytes: choiceBytes(params, (await stat(path)).size),
    warnings: choiceWarnings(rows, params.types ?? defaultTypes, pins),
  };
}
