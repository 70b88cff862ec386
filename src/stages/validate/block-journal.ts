import { join } from "node:path";
import * as z from "zod";
import { writeFileAtomic } from "../../util/files.js";
import { readRegular } from "../../util/regular-file.js";
import type { Block } from "./combine-blocks.js";

/** The fields that are combined. A figure that JSON cannot represent is null, so its block is measured again. */
const block = z.object({
  figures: z.record(z.string(), z.number()),
  quantiles: z.array(z.tuple([z.number(), z.number()])),
  perChunk: z.array(z.record(z.string(), z.number())),
  tokens: z.int().positive(),
});

/**
 * The finished blocks of one measurement, one file each in a folder that survives a killed run
 * (`StageContext.partial`). A block is a pure function of the step's inputs, so blocks of any process are valid.
 */
export class BlockJournal {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Returns a stored block; undefined if its file is missing, truncated or invalid. */
  async find(index: number): Promise<Block | undefined> {
    const text = await readRegular(this.#file(index)).then(String, () => "");
    try {
      const found: unknown = JSON.parse(text);
      return block.safeParse(found).success ? (found as Block) : undefined;
    } catch {
      return undefined;
    }
  }

  async keep(index: number, block: Block): Promise<void> {
    await writeFileAtomic(this.#file(index), JSON.stringify(block));
  }

  #file(index: number): string {
    return join(this.#folder, `block-${index}.json`);
  }
}
