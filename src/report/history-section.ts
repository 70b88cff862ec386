import { type FormerRelease, historyFile, type ReleaseSummary } from "../release/history.js";
import { joinBlocks } from "./card-layout.js";
import { markdownLink, markdownTable } from "./markdown.js";

/** Rows of the table; history.json has all of them. */
const maxRows = 10;

/** Renders the section "History" of a model card: former releases, newest first, and what the next one changed. */
export function historySection(former: readonly FormerRelease[], present: ReleaseSummary): string {
  const rows = former.map((release, index) => {
    const next = former[index + 1] ?? present;
    return [release.date.slice(0, 10), changes(release, next), divergences(release, next)];
  });
  return joinBlocks([
    "## History",
    markdownTable(["Released", "Changed by the next release", "Mean KLD"], rows.reverse().slice(0, maxRows)),
    `Former releases and their files: ${markdownLink(historyFile, `./${historyFile}`)}.`,
  ]);
}

function changes(old: ReleaseSummary, next: ReleaseSummary): string {
  const names = ({ variants }: ReleaseSummary) => variants.map(({ name }) => name);
  const pairs: [string, string | null, string | null][] = [
    ["model", old.model, next.model],
    ["source", old.sourceCommit?.slice(0, 7) ?? null, next.sourceCommit?.slice(0, 7) ?? null],
    ["llama.cpp", old.llamaCpp, next.llamaCpp],
  ];
  const lists: [string, string[]][] = [
    ["added", names(next).filter((name) => !names(old).includes(name))],
    ["removed", names(old).filter((name) => !names(next).includes(name))],
    ["changed", common(old, next).flatMap(([a, b]) => (a.sha256 === b.sha256 ? [] : [a.name]))],
  ];
  const parts = [
    ...pairs.flatMap(([what, a, b]) => (a === b ? [] : [`${what} ${a ?? "unknown"} → ${b ?? "unknown"}`])),
    ...lists.flatMap(([what, variants]) => (variants.length === 0 ? [] : [`${what} ${variants.join(", ")}`])),
  ];
  return parts.join("; ") || "metrics or settings";
}

/** Mean KLD of the variants in both releases that were measured, if it or the file changed. */
function divergences(old: ReleaseSummary, next: ReleaseSummary): string {
  const figures = common(old, next).flatMap(([a, b]) => {
    if (a.kldMean === null || b.kldMean === null) return [];
    if (a.kldMean === b.kldMean && a.sha256 === b.sha256) return [];
    return [`${a.name} ${a.kldMean.toFixed(5)} → ${b.kldMean.toFixed(5)}`];
  });
  return figures.join(", ") || "–";
}

type Variant = ReleaseSummary["variants"][number];

function common(old: ReleaseSummary, next: ReleaseSummary): [Variant, Variant][] {
  return old.variants.flatMap((a): [Variant, Variant][] => {
    const b = next.variants.find(({ name }) => name === a.name);
    return b === undefined ? [] : [[a, b]];
  });
}
