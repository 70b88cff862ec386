import type { JsonObject } from "../../util/canonical-json.js";
import type { Family } from "./family.js";
import { gemma2, gemma3 } from "./gemma.js";
import { llama, mixtral } from "./llama.js";
import { phi3 } from "./phi3.js";
import { qwen2, qwen3, qwen3Moe } from "./qwen.js";

/** All families that are converted without Python. */
const families: readonly Family[] = [llama, mixtral, qwen2, qwen3, qwen3Moe, gemma2, gemma3, phi3];

/** Returns the family for `architectures[0]` of a configuration; undefined for an unsupported architecture. */
export function findFamily(config: JsonObject): Family | undefined {
  const architecture = Array.isArray(config.architectures) ? config.architectures[0] : undefined;
  return families.find(({ architectures }) => architectures.includes(String(architecture)));
}
