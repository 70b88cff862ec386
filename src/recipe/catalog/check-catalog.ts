import { parseBytes } from "../../util/bytes.js";
import { quote } from "../../util/quote.js";
import { didYouMean, nearest } from "../../util/suggest.js";
import type { Problem, YamlPath } from "../yaml/diagnostics.js";

/** What each source is, by id; see `sourceKind`. */
export type SourceKinds = ReadonlyMap<string, string>;

/** What a figure's basis asks of its source. An estimate may start from anything, and says how in its note. */
const proof: ReadonlyMap<unknown, string> = new Map([
  ["measured", "measurement"],
  ["specification", "specification"],
  ["os-rule", "os-rule"],
]);

/** The sources that a catalog file lists, whether or not the rest of it is valid. */
export function sourceKinds(data: unknown): SourceKinds {
  return new Map(
    entries(data, "sources").flatMap(({ entry: { id, kind } }) =>
      typeof id === "string" && typeof kind === "string" ? [[id, kind] as const] : [],
    ),
  );
}

/**
 * What the schema of catalog files cannot say: ids are unique, every source is listed in this or another file of the
 * catalog, no figure claims more than its source proves, and a budget is within the memory.
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
    const message = `${quote(section)} has ${quote(id)} twice`;
    return [{ path: [...path, "id"], part: "value", message, remedy: "Give one of them another id, or remove it." }];
  });
}

/** Every mapping with a `source`, however deep it stands. */
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
    const message = "an estimate does not say what it is made from";
    return [{ path, part: "value", message, remedy: "Add a `note:` that says from what and how." }];
  }
  const needed = proof.get(basis);
  if (needed === undefined || needed === kind) return [];
  const message = `the source ${quote(source)} is of the kind ${quote(kind)}, so the figure is not ${quote(String(basis))}`;
  const remedy = `Cite a source of the kind ${quote(needed)}, or write \`basis: estimate\` with a note.`;
  return [{ path: [...path, "basis"], part: "value", message, remedy }];
}

function checkBudget({ memory, budget }: Mapping, path: YamlPath): Problem[] {
  const bytes = bytesOf(isMapping(memory) ? memory.bytes : undefined);
  const share = bytesOf(budget);
  if (bytes === undefined || share === undefined || share <= bytes) return [];
  const message = "the budget is larger than the memory";
  const remedy = "Give what one model may take of the memory, after the system and everything else.";
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
