import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const slices = ["calibration", "search", "evaluation"] as const;
type Slice = (typeof slices)[number];

/** Characters in which every kind of text in the source gets its turn. */
const stretch = 20_000;
/** What of each stretch goes where; the rest is calibration text. About 45 chunks of 512 tokens each of 1.2 MB. */
const searchEnd = 1800;
const evaluation = [10_000, 11_800] as const;
/** Characters that no two paragraphs of different slices may share; fewer than the 64 of the plan, to see across their ends. */
const shingle = 40;

/**
 * Cuts one text into three disjoint ones of the same kind, as a publisher has them who calibrates, searches and measures
 * on one mixture. Paragraphs that repeat what another slice has, such as licences, are left out. Writes `<slice>.txt` to
 * `folder`.
 */
export async function sliceText(source: string, folder: string): Promise<void> {
  const owners = new Map<string, Slice>();
  const paragraphs: Record<Slice, string[]> = { calibration: [], search: [], evaluation: [] };
  let at = 0;
  for (const paragraph of (await readFile(source, "utf8")).split(/(?:\r?\n){2,}/)) {
    const slice = sliceAt(at % stretch);
    at += paragraph.length + 2;
    const found = shingles(paragraph);
    if (found.some((text) => (owners.get(text) ?? slice) !== slice)) continue;
    for (const text of found) owners.set(text, slice);
    paragraphs[slice].push(paragraph);
  }
  for (const slice of slices) await writeFile(join(folder, `${slice}.txt`), paragraphs[slice].join("\n\n"));
}

function sliceAt(place: number): Slice {
  if (place < searchEnd) return "search";
  return place >= evaluation[0] && place < evaluation[1] ? "evaluation" : "calibration";
}

function shingles(text: string): string[] {
  const plain = text.replace(/\s+/g, " ").trim();
  return Array.from({ length: Math.max(0, plain.length - shingle + 1) }, (_, i) => plain.slice(i, i + shingle));
}
