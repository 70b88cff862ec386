import { appendFile, mkdir, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * The xorbs of an unfinished upload that the storage has, by name, so that a killed upload does not send them again: the
 * same file is divided in the same way. The storage may forget xorbs of no file; then `forget` starts the upload again.
 */
export class SentXorbs {
  readonly #path: string;
  readonly #names: Set<string>;

  private constructor(path: string, names: Set<string>) {
    this.#path = path;
    this.#names = names;
  }

  /** Reads the record of an earlier process at `path`, if it is of the same Hub. */
  static async open(path: string, endpoint: string): Promise<SentXorbs> {
    const text = await readFile(path, "utf8").catch(() => "");
    // A killed process may not have finished the last line.
    const [first, ...names] = text.split("\n").slice(0, -1);
    const sent = new SentXorbs(path, new Set(first === endpoint ? names : []));
    if (first === endpoint) return sent;
    await sent.forget();
    await mkdir(dirname(path), { recursive: true }).catch(() => undefined);
    await sent.#append(endpoint);
    return sent;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  async add(name: string): Promise<void> {
    this.#names.add(name);
    await this.#append(name);
  }

  /** Removes the record, after the upload or when the storage does not have the xorbs. */
  async forget(): Promise<void> {
    this.#names.clear();
    await rm(this.#path, { force: true }).catch(() => undefined);
  }

  /** An unwritable or full cache only means that a killed upload starts again. */
  async #append(line: string): Promise<void> {
    await appendFile(this.#path, `${line}\n`).catch(() => undefined);
  }
}
