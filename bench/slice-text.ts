import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const slices = ["calibration", "search", "evaluation"] as const;
type Slice = (typeof slices)[number];

/** Length of a stretch in characters; a stretch contains every kind of text in the source. */
const stretch = 20_000;
/** Parts of each stretch per slice; the rest is calibration text. 1.2 MB give about 45 chunks of 512 tokens each. */
const searchEnd = 1800;
const evaluation = [10_000, 11_800] as const;
/** Longest common passage of two slices in characters. Below the plan's 64, to detect passages across paragraph ends. */
const shingle = 40;

/**
 * Splits one text into three disjoint texts of the same kind, for calibration, search and evaluation on one mixture.
 * Leaves out paragraphs that repeat in another slice, such as licences. Writes `<slice>.txt` to `folder`.
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
