import type { Gguf } from "./gguf.js";
import { metadataNumber, metadataString } from "./metadata.js";

/** How many experts a model has, 0 for none, and how many a token uses; undefined if the key is missing. */
export interface ExpertCounts {
  experts: number;
  /** The largest one, if each layer has its own. */
  used: number | undefined;
}

/** Reads these counts. llama.cpp ends in an assertion unless `used` is from 1 to `experts`, or both are 0. Pure. */
export function expertCounts(gguf: Pick<Gguf, "metadata">): ExpertCounts {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const key = `${architecture}.expert_used_count`;
  const entry = gguf.metadata.get(key);
  const used = entry?.type === "array" ? Math.max(0, ...entry.items.map(Number)) : metadataNumber(gguf, key);
  return { experts: metadataNumber(gguf, `${architecture}.expert_count`) ?? 0, used };
}
