import { parseBytes } from "../../util/bytes.js";
import { quote } from "../../util/quote.js";
import { didYouMean, nearest } from "../../util/suggest.js";
import type { Problem, YamlPath } from "../yaml/diagnostics.js";

/** Kind of each source, by id; see `sourceKind`. */
export type SourceKinds = ReadonlyMap<string, string>;

/** The kind of source that a basis requires. An estimate may use any source and explains its method in a note. */
const requiredKind: ReadonlyMap<unknown, string> = new Map([
  ["measured", "measurement"],
  ["specification", "specification"],
  ["os-rule", "os-rule"],
]);

/** Returns the sources that a catalog file lists, even if the rest of the file is invalid. */
export function sourceKinds(data: unknown): SourceKinds {
  return new Map(
    entries(data, "sources").flatMap(({ entry: { id, kind } }) =>
      typeof id === "string" && typeof kind === "string" ? [[id, kind] as const] : [],
    ),
  );
}

/**
 * Checks rules that the schema of catalog files cannot express: ids are unique, every source is listed in a file of the
 * catalog, the basis of each figure matches the kind of its source, and a budget is within the memory.
 */
export function checkCatalog(data: unknown, known: SourceKinds): Problem[] {
  return [
    ...["sources", "backends", "devices"].flatMap((section) => checkIds(data, section)),
    ...checkCitations(data, [], known),
    ...entries(data, "devices").flatMap(({ entry, path }) => checkBudget(entry, path)),
  ];
}

function checkIds(data: unknown, section: string): Problem[] {
  const seen = new Set<unknown>();
  return entries(data, section).flatMap(({ entry: { id }, path }): Problem[] => {
    if (typeof id !== "string" || !seen.has(id)) {
      seen.add(id);
      return [];
    }
    const message = `the id ${quote(id)} appears twice in ${quote(section)}`;
    return [
      { path: [...path, "id"], part: "value", message, remedy: "Change one of the two ids, or remove one entry." },
    ];
  });
}

/** Checks every mapping with a `source`, at any depth. */
function checkCitations(data: unknown, path: YamlPath, known: SourceKinds): Problem[] {
  if (Array.isArray(data)) return data.flatMap((item, index) => checkCitations(item, [...path, index], known));
  if (!isMapping(data)) return [];
  return [
    ...citationProblems(data, path, known),
    ...Object.entries(data).flatMap(([key, value]) => checkCitations(value, [...path, key], known)),
  ];
}

function citationProblems({ source, basis, note }: Mapping, path: YamlPath, known: SourceKinds): Problem[] {
  if (typeof source !== "string") return [];
  const kind = known.get(source);
  if (kind === undefined) {
    const near = nearest(source, known.keys());
    const remedy = near === undefined ? "Add it to `sources`." : didYouMean(near);
    const message = `no catalog file lists the source ${quote(source)}`;
    return [{ path: [...path, "source"], part: "value", message, remedy }];
  }
  if (basis === "estimate" && (typeof note !== "string" || note === "")) {
    const message = "the estimate does not state its method";
    return [{ path, part: "value", message, remedy: "Add a `note:` with the inputs and the method." }];
  }
  const needed = requiredKind.get(basis);
  if (needed === undefined || needed === kind) return [];
  const message = `the basis ${quote(String(basis))} does not match the source ${quote(source)} of kind ${quote(kind)}`;
  const remedy = `Cite a source of kind ${quote(needed)}, or write \`basis: estimate\` with a note.`;
  return [{ path: [...path, "basis"], part: "value", message, remedy }];
}

function checkBudget({ memory, budget }: Mapping, path: YamlPath): Problem[] {
  const bytes = bytesOf(isMapping(memory) ? memory.bytes : undefined);
  const share = bytesOf(budget);
  if (bytes === undefined || share === undefined || share <= bytes) return [];
  const message = "the budget is larger than the memory";
  const remedy = "Set `budget` to the memory that the system and other programs leave for one model.";
  return [{ path: [...path, "budget", "value"], part: "value", message, remedy }];
}

function bytesOf(figure: unknown): number | undefined {
  const value = isMapping(figure) ? figure.value : undefined;
  return typeof value === "number" ? value : typeof value === "string" ? parseBytes(value) : undefined;
}

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function entries(data: unknown, section: string): { entry: Mapping; path: YamlPath }[] {
  const items = isMapping(data) ? data[section] : undefined;
  if (!Array.isArray(items)) return [];
  return items.flatMap((entry, index) => (isMapping(entry) ? [{ entry, path: [section, index] }] : []));
}
