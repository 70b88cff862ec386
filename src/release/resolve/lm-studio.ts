import { modelFiles, parseGgufName, shardsOf } from "./gguf-name.js";
import { nothing, type Pick } from "./pick.js";

/**
 * What LM Studio's `lms get org/name@tag` downloads, as far as it is documented: the file whose name ends in the
 * quantization, with all shards and a projector beside it. Without a tag it chooses by the machine's memory.
 */
export function resolveLmStudio(files: readonly string[], tag?: string): Pick {
  if (tag === undefined) return nothing("it chooses by the memory of the machine");
  const wanted = tag.toLowerCase();
  const file = modelFiles(files).find((model) => {
    const stem = (parseGgufName(model)?.prefix ?? model).toLowerCase();
    return stem.endsWith(`-${wanted}`) || stem.endsWith(`.${wanted}`);
  });
  if (file === undefined) return nothing("it finds no such quantization");
  const folder = file.slice(0, file.lastIndexOf("/") + 1);
  const mmproj = files.find(
    (other) =>
      other.endsWith(".gguf") && other.startsWith(`${folder}mmproj`) && !other.slice(folder.length).includes("/"),
  );
  return { file, parts: shardsOf(files, file), ...(mmproj === undefined ? {} : { mmproj }) };
}
