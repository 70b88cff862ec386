import { stat } from "node:fs/promises";
import { type OpenCheckpoint, openFolder, openHub } from "../../checkpoint/outline/open-checkpoint.js";
import { inspectGguf } from "../../gguf/inspect.js";
import { parseHubRef } from "../../hub/hub-ref.js";
import { formatBytes } from "../../util/bytes.js";
import { count } from "../../util/count.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { checkpointRows, describeCheckpoint } from "../init/describe-checkpoint.js";
import { print, printJson, problemLines, shorten, textTable } from "../print.js";

/** `quantsmith inspect`: prints the contents of a GGUF file, or the description of a checkpoint. */
export async function inspect(what: string, options: { json?: boolean }): Promise<void> {
  const checkpoint = await findCheckpoint(what);
  return checkpoint === undefined ? inspectFile(what, options) : inspectCheckpoint(await checkpoint(), options);
}

/** Returns how to open a folder or a repository on the Hub; undefined for anything else, such as a file. */
async function findCheckpoint(what: string): Promise<(() => Promise<OpenCheckpoint>) | undefined> {
  if (!what.startsWith("hf:")) {
    const found = await stat(what).catch(() => undefined);
    return found?.isDirectory() ? () => openFolder(what) : undefined;
  }
  const ref = parseHubRef(what);
  if (ref !== undefined) return () => openHub(ref.repo, ref.revision ?? "main");
  throw new QuantsmithError("QS-USAGE", `${quote(what)} does not name a repository on the Hub`, {
    remedy: "Write `hf:org/name` or `hf:org/name@revision`. Download a GGUF file to inspect it.",
  });
}

async function inspectCheckpoint(checkpoint: OpenCheckpoint, options: { json?: boolean }): Promise<void> {
  const description = await describeCheckpoint(checkpoint);
  if (options.json === true) return printJson(description);
  print(textTable(["Property", "Value"], checkpointRows(description)));
}

async function inspectFile(file: string, options: { json?: boolean }): Promise<void> {
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
  print(
    `${count(found.tensors.length, "tensor")}: ${types.join(", ")}; ${found.bitsPerWeight.toFixed(3)} bits per weight`,
  );
  print(problemLines(found.problems));
}

function cellText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
