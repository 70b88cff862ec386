import { basename, dirname } from "node:path";
import { checkGguf, localSplits, sourceHeader } from "../../checkpoint/gguf/check-gguf.js";
import { findHubGguf, type HubGgufRef } from "../../plan/hub-gguf.js";
import type { ModelOutline } from "./model-outline.js";
import { outlineGguf } from "./outline-gguf.js";

/** Outlines a local GGUF file, which the recipe names `source`. Errors: QS-GGUF-*, QS-FETCH-*, QS-CONVERT-TOKENIZER. */
export async function readLocalGguf(path: string, source: string): Promise<ModelOutline> {
  const names = (await localSplits(path)).map((split) => basename(split));
  const { headers, parameters, tensorBytes, kept } = await checkGguf(dirname(path), names);
  const [first] = headers;
  if (first === undefined) throw new Error("a GGUF source without a file");
  return {
    source,
    parameters,
    weightBytes: tensorBytes,
    ...(kept && { kept }),
    ...outlineGguf(sourceHeader(path, first)),
  };
}

/** Outlines a GGUF file of a repository from its header. Errors: as `findHubGguf`. */
export async function readHubGguf(ref: HubGgufRef, source: string): Promise<ModelOutline> {
  const { header, parameters, tensorBytes, kept } = await findHubGguf(ref);
  return { source, parameters, weightBytes: tensorBytes, ...(kept && { kept }), ...outlineGguf(header) };
}
