import { join } from "node:path";
import * as z from "zod";
import { parseChecked, renderChecked } from "../../util/checked-json.js";
import { writeFileAtomic } from "../../util/files.js";
import { readRegular } from "../../util/regular-file.js";
import type { Block } from "./combine-blocks.js";

/** The fields that are combined. */
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

  /** Returns a stored block; undefined if its file is missing, damaged or invalid. */
  async find(index: number): Promise<Block | undefined> {
    const found = parseChecked(await readRegular(this.#file(index)).then(String, () => ""));
    return block.safeParse(found).success ? (found as Block) : undefined;
  }

  /** Stores a block; one with a figure that JSON cannot represent is measured again instead. */
  async keep(index: number, measured: Block): Promise<void> {
    if (block.safeParse(measured).success) await writeFileAtomic(this.#file(index), renderChecked(measured));
  }

  #file(index: number): string {
    return join(this.#folder, `block-${index}.json`);
  }
}
