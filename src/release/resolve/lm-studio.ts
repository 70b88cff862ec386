import { modelFiles, parseGgufName, splitsOf } from "./gguf-name.js";
import { type RuntimePick, unresolved } from "./runtime-pick.js";

/**
 * Resolves LM Studio's `lms get org/name@tag` as documented: the file whose name ends in the quantization, with all splits
 * and a projector in the same folder. Without a tag, LM Studio chooses by the machine's memory.
 */
export function resolveLmStudio(files: readonly string[], tag?: string): RuntimePick {
  if (tag === undefined) return unresolved("the choice depends on the memory of the machine");
  const wanted = tag.toLowerCase();
  const file = modelFiles(files).find((model) => {
    const stem = (parseGgufName(model)?.prefix ?? model).toLowerCase();
    return stem.endsWith(`-${wanted}`) || stem.endsWith(`.${wanted}`);
  });
  if (file === undefined) return unresolved("the tag does not match a file");
  const folder = file.slice(0, file.lastIndexOf("/") + 1);
  const mmproj = files.find(
    (other) =>
      other.endsWith(".gguf") && other.startsWith(`${folder}mmproj`) && !other.slice(folder.length).includes("/"),
  );
  return { file, splits: splitsOf(files, file), ...(mmproj === undefined ? {} : { mmproj }) };
}
