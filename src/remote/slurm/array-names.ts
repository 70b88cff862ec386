import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { isMissing } from "../../util/errors.js";
import { writeFileAtomic } from "../../util/files.js";
import { readRegular } from "../../util/regular-file.js";
import { sha256 } from "../../util/sha256.js";
import type { Group } from "./group-jobs.js";

const arrayFile = z.array(z.string());
const arrayName = /^qs-array-[0-9a-f]{16}$/;

/**
 * Maps the tasks of job arrays to jobs. Slurm has one name for a whole array, so the jobs' names are stored beside the
 * store, where later runs and other machines can read them.
 */
export class ArrayNames {
  readonly #folder: string;
  readonly #known = new Map<string, readonly string[]>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Returns Slurm's name for a group: the job's own, or a hash of all names, which are then stored. */
  async nameFor(group: Group): Promise<string> {
    const [first, ...more] = group;
    if (more.length === 0) return first.name;
    const names = group.map(({ name }) => name);
    const slurmName = `qs-array-${sha256(names.join("\n")).slice(0, 16)}`;
    await mkdir(this.#folder, { recursive: true });
    await writeFileAtomic(this.#file(slurmName), `${JSON.stringify(names, undefined, 2)}\n`);
    this.#known.set(slurmName, names);
    return slurmName;
  }

  /**
   * Returns the jobs of a queue entry: one, all of an array that left the queue as a whole, or none for an unknown
   * array.
   */
  async jobsOf(slurmName: string, task: number | undefined): Promise<readonly string[]> {
    if (!arrayName.test(slurmName)) return [slurmName];
    const names = this.#known.get(slurmName) ?? (await this.#read(slurmName));
    this.#known.set(slurmName, names);
    return task === undefined ? names : names.slice(task, task + 1);
  }

  async #read(slurmName: string): Promise<readonly string[]> {
    try {
      return arrayFile.parse(JSON.parse(String(await readRegular(this.#file(slurmName)))));
    } catch (error) {
      // Without a valid file, the array counts as foreign.
      if (isMissing(error) || error instanceof SyntaxError) return [];
      if (error instanceof z.ZodError) return [];
      throw error;
    }
  }

  #file(slurmName: string): string {
    return join(this.#folder, `${slurmName}.json`);
  }
}
