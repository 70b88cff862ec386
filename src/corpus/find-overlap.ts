import { stat } from "node:fs/promises";
import { isJsonLines, readBlocks } from "./read-blocks.js";
import { readUnchanged } from "./read-unchanged.js";
import { ShingleTable } from "./shingle-table.js";
import { ShingleWalk, shingleLength } from "./shingles.js";

/** A text with its use. */
export interface UsedText {
  use: string;
  /** Name for messages and for the file format. */
  name: string;
  path: string;
  /** Expected sha256 of the file, if known. */
  digest?: string | undefined;
}

interface Place {
  text: UsedText;
  line: number;
}

export interface Overlap {
  first: Place;
  second: Place;
}

/** A shared passage of this many characters is a copy. */
const copyLength = 2 * shingleLength;
/**
 * A text that shares more than this fraction in shorter passages is a copy, too. Independent texts share set phrases:
 * three texts of 175 000 characters sampled from one model shared up to 0.08 % and passages of up to 94 characters, two
 * halves of one diary 0.002 % and 73.
 */
const copiedShare = 1 / 500;

/**
 * Finds text shared between different uses, by common shingles of 64 characters with normalized white space. Returns the
 * first shared passage of 128 characters, or a shorter one when more than 0.2 % of a text is shared. Ignores overlap
 * within one use. Memory: the longest text and a table of at most 64 MB.
 * Throws QS-INPUT-CHANGED and the errors of `readBlocks`.
 */
export async function findOverlap(texts: readonly UsedText[]): Promise<Overlap | undefined> {
  const sizes = await Promise.all(texts.map(async ({ path }) => (await stat(path)).size));
  const table = new ShingleTable(sizes.reduce((sum, size) => sum + size, 0));
  for (const [owner, text] of texts.entries()) {
    const overlap = await compare(text, owner, texts, table);
    if (overlap !== undefined) return overlap;
  }
  return undefined;
}

async function compare(
  text: UsedText,
  owner: number,
  texts: readonly UsedText[],
  table: ShingleTable,
): Promise<Overlap | undefined> {
  const counts = { seen: 0, shared: 0 };
  let any: Overlap | undefined;
  let passage: { start: number; overlap: Overlap } | undefined;
  const walk = new ShingleWalk((shingle) => {
    if (!table.keeps(shingle)) return true;
    counts.seen++;
    const known = table.find(shingle);
    const other = known === undefined ? undefined : texts[known.owner];
    if (known === undefined || other === undefined || other.use === text.use) {
      if (known === undefined) table.add(shingle, owner);
      passage = undefined;
      return true;
    }
    counts.shared++;
    passage ??= {
      start: shingle.position,
      overlap: { first: { text: other, line: known.line }, second: { text, line: shingle.line } },
    };
    any ??= passage.overlap;
    return shingle.position - passage.start < copyLength - shingleLength;
  });
  const plain = !isJsonLines(text.name);
  const bytes = await readUnchanged(text.path, text.digest);
  for (const block of await readBlocks(text.path, text.name, bytes)) {
    if (!walk.push(`${block.text}\n`, block.line, plain)) return passage?.overlap;
  }
  return counts.shared >= shingleLength && counts.shared > counts.seen * copiedShare ? any : undefined;
}
