import { readGguf } from "../../gguf/read-header.js";
import { measureMemories } from "../memory/measure-memory.js";
import type { ModelMemory } from "../memory/memory.js";
import { pictureTokens } from "../memory/picture-tokens.js";
import type { ModelFile } from "./model-file.js";

export interface MeasuredModel extends ModelFile {
  /** Unique in the list: the variant's name, if necessary with the model's name, or the file name. */
  label: string;
  memory: ModelMemory;
  /** Most tokens of the context that a picture takes; null without a vision projector, or if unknown. */
  pictureTokens: number | null;
}

/** Measures memory with llama.cpp's allocator, in one child process per projector. Errors as `measureMemories`. */
export async function measureModels(models: readonly ModelFile[], signal?: AbortSignal): Promise<MeasuredModel[]> {
  const memories = new Map<ModelFile, Pick<MeasuredModel, "memory" | "pictureTokens">>();
  for (const projector of new Set(models.map((model) => model.projector))) {
    const group = models.filter((model) => model.projector === projector);
    const options = { ...(projector !== null && { projector }), ...(signal && { signal }) };
    const measured = await measureMemories(
      group.map(({ path }) => path),
      options,
    );
    const tokens = projector === null ? null : pictureTokens(await readGguf(projector));
    for (const [index, memory] of measured.entries()) {
      const model = group[index];
      if (model !== undefined) memories.set(model, { memory, pictureTokens: tokens });
    }
  }
  return models.flatMap((model) => {
    const measured = memories.get(model);
    return measured === undefined ? [] : { ...model, label: labelOf(model, models), ...measured };
  });
}

function labelOf(model: ModelFile, all: readonly ModelFile[]): string {
  const alike = all.filter((other) => other.model === model.model && other.variant === model.variant);
  if (alike.length > 1) return model.file;
  return all.every((other) => other.model === model.model) ? model.variant : `${model.model} ${model.variant}`;
}
