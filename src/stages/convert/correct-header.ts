import { editGguf } from "../../gguf/edit/edit-gguf.js";
import type { Gguf } from "../../gguf/gguf.js";
import { readGguf } from "../../gguf/read-header.js";
import type { StageContext } from "../stage.js";
import { correctVocabulary } from "./correct-vocabulary.js";
import { pushImpliedEnd } from "./end-of-turn.js";

/**
 * Corrects the header of a file of llama.cpp's converter as that of a native conversion; returns the new header.
 * Throws QS-CONVERT-TOKENIZER, QS-GGUF-*, QS-EDIT-*, QS-DISK-FULL.
 */
export async function correctHeader(
  gguf: Gguf,
  snapshot: string,
  context: Pick<StageContext, "note" | "signal">,
): Promise<Gguf> {
  const entries = [...gguf.metadata];
  await correctVocabulary(entries, snapshot);
  await pushImpliedEnd(entries, snapshot, context);
  const changed = entries.filter(([key, value]) => gguf.metadata.get(key) !== value);
  if (changed.length === 0) return gguf;
  const edits = changed.map(([key, value]) => ({ kind: "value" as const, key, value }));
  await editGguf(gguf.path, edits, { signal: context.signal });
  return readGguf(gguf.path);
}
