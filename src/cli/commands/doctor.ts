import { describeMissing } from "../../llamacpp/compute/library-packages.js";
import { formatBytes } from "../../util/bytes.js";
import { type Doctor, diagnose } from "../diagnose.js";
import { print, printJson, problemLines, textTable } from "../print.js";

/** `quantsmith doctor`: prints the tools and resources of this machine, and problems. */
export async function doctor(options: { json?: boolean }): Promise<void> {
  const found = await diagnose(process.cwd());
  if (!found.ok) process.exitCode = 4;
  if (options.json === true) return printJson(found);
  const tools = Object.entries(found.tools).map(([name, tool]) => [
    name,
    tool.version ?? "–",
    tool.source,
    tool.path ?? "–",
  ]);
  const { python, hub } = found;
  tools.push(["python", python.version ?? "–", pythonState(python), python.path ?? "–"]);
  print(textTable(["Tool", "Version", "Source", "Path"], tools));
  const { backends, auto } = found.compute;
  if (backends.length > 0) print(["", ...textTable(["Backend", "State"], backends.flatMap(backendRows))]);
  print(["", `Device \`auto\`: ${auto}`]);
  print([
    "",
    `${found.cores} ${found.cores === 1 ? "core" : "cores"}, ${formatBytes(found.memoryBytes)} of memory, ${formatBytes(found.diskFreeBytes)} of free disk space in this folder`,
  ]);
  if (hub !== null) print(`Hub: ${hub.endpoint}, ${hub.token ? "a token is set" : "no token"}`);
  print(["", ...(found.problems.length === 0 ? ["No problems found."] : problemLines(found.problems))]);
}

type Backend = Doctor["compute"]["backends"][number];

/** Returns a backend's row, and one for each of its devices. */
function backendRows(backend: Backend): string[][] {
  const devices = backend.devices.map(({ name, description, freeBytes, totalBytes, isSoftware }) => {
    const memory = `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} free`;
    return [`  ${name}`, `${description}, ${isSoftware ? "computes on the CPU, " : ""}${memory}`];
  });
  return [[backend.label, backendState(backend)], ...devices];
}

function backendState({ installed, loads, missing, problem, driver }: Backend): string {
  if (missing.length > 0) return `lacks ${describeMissing(missing)}`;
  if (problem === null) return driver === null ? "ready" : `ready, driver ${driver}`;
  return installed && !loads ? `does not load: ${problem}` : problem;
}

/** Describes Python, which most conversions do not require. */
function pythonState({ path, ready }: Doctor["python"]): string {
  if (ready) return "ready";
  return path === null
    ? "missing; required only for llama.cpp's converter (other model families, projectors, adapters)"
    : "set up on first use";
}
