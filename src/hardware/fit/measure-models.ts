import { measureMemories } from "../memory/measure-memory.js";
import type { ModelMemory } from "../memory/memory.js";
import type { ModelFile } from "./model-file.js";

export interface MeasuredModel extends ModelFile {
  /** Unique in the list: the variant's name, if necessary with the model's name, or the file name. */
  label: string;
  memory: ModelMemory;
}

/** Measures memory with llama.cpp's allocator, in one child process per projector. Errors as `measureMemories`. */
export async function measureModels(models: readonly ModelFile[], signal?: AbortSignal): Promise<MeasuredModel[]> {
  const memories = new Map<ModelFile, ModelMemory>();
  for (const projector of new Set(models.map((model) => model.projector))) {
    const group = models.filter((model) => model.projector === projector);
    const options = { ...(projector !== null && { projector }), ...(signal && { signal }) };
    const measured = await measureMemories(
      group.map(({ path }) => path),
      options,
    );
    for (const [index, memory] of measured.entries()) {
      const model = group[index];
      if (model !== undefined) memories.set(model, memory);
    }
  }
  return models.flatMap((model) => {
    const memory = memories.get(model);
    return memory === undefined ? [] : { ...model, label: labelOf(model, models), memory };
  });
}

function labelOf(model: ModelFile, all: readonly ModelFile[]): string {
  const alike = all.filter((other) => other.model === model.model && other.variant === model.variant);
  if (alike.length > 1) return model.file;
  return all.every((other) => other.model === model.model) ? model.variant : `${model.model} ${model.variant}`;
}
