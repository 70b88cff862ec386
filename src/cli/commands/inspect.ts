import { inspectGguf } from "../../gguf/inspect.js";
import { formatBytes } from "../../util/bytes.js";
import { print, printJson, problemLines, shorten, textTable } from "../print.js";

/** `quantsmith inspect`: prints the contents of a GGUF file. */
export async function inspect(file: string, options: { json?: boolean }): Promise<void> {
  const found = await inspectGguf(file);
  // The only problem for which llama.cpp rejects the file.
  if (found.problems.some(({ code }) => code === "QS-GGUF-LAYOUT")) process.exitCode = 2;
  if (options.json === true) return printJson(found);
  const metadata = Object.entries(found.metadata).map(([key, value]) => [key, shorten(cellText(value), 100)]);
  print([...textTable(["Key", "Value"], metadata), ""]);
  const tensors = found.tensors.map(({ name, shape, type, bytes }) => [
    name,
    shape.join(" × "),
    type,
    formatBytes(bytes),
  ]);
  print([...textTable(["Tensor", "Shape", "Type", "Size"], tensors), ""]);
  const types = Object.entries(found.types).map(([type, count]) => `${count} × ${type}`);
  print(`${found.tensors.length} tensors: ${types.join(", ")}; ${found.bitsPerWeight.toFixed(3)} bits per weight`);
  print(problemLines(found.problems));
}

function cellText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
