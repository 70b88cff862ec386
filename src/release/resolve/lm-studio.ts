import { modelFiles, parseGgufName, splitsOf } from "./gguf-name.js";
import { emptyPick, type RuntimePick } from "./runtime-pick.js";

/**
 * What LM Studio's `lms get org/name@tag` downloads, as far as it is documented: the file whose name ends in the
 * quantization, with all shards and a projector beside it. Without a tag it chooses by the machine's memory.
 */
export function resolveLmStudio(files: readonly string[], tag?: string): RuntimePick {
  if (tag === undefined) return emptyPick("it chooses by the memory of the machine");
  const wanted = tag.toLowerCase();
  const file = modelFiles(files).find((model) => {
    const stem = (parseGgufName(model)?.prefix ?? model).toLowerCase();
    return stem.endsWith(`-${wanted}`) || stem.endsWith(`.${wanted}`);
  });
  if (file === undefined) return emptyPick("it finds no such quantization");
  const folder = file.slice(0, file.lastIndexOf("/") + 1);
  const mmproj = files.find(
    (other) =>
      other.endsWith(".gguf") && other.startsWith(`${folder}mmproj`) && !other.slice(folder.length).includes("/"),
  );
  return { file, splits: splitsOf(files, file), ...(mmproj === undefined ? {} : { mmproj }) };
}
