import { constants, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { isSystemError } from "../../../util/errors.js";
import { readRegular } from "../../../util/regular-file.js";
import type { RepoCache } from "../../download/cache-layout.js";
import { makeRepoFolder } from "../../download/make-repo-folder.js";

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

  /** Reads the record of an earlier process for a file, if it is of the same Hub. Errors: QS-ENV-CACHE. */
  static async open(cache: RepoCache, fileSha256: string, endpoint: string): Promise<SentXorbs> {
    const path = cache.upload(fileSha256);
    const text = String(await readRegular(path).catch(() => ""));
    // A killed process may not have finished the last line.
    const [first, ...names] = text.split("\n").slice(0, -1);
    const sent = new SentXorbs(path, new Set(first === endpoint ? names : []));
    if (first === endpoint) return sent;
    await sent.forget();
    await makeRepoFolder(cache, dirname(path)).catch(ignoreSystem);
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

  /** Follows no link, and waits for no reader of a pipe. An unwritable or full cache only means that a killed upload starts again. */
  async #append(line: string): Promise<void> {
    const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
    const file = await open(this.#path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK).catch(ignoreSystem);
    await file?.appendFile(`${line}\n`).catch(ignoreSystem);
    await file?.close();
  }
}

function ignoreSystem(error: unknown): undefined {
  if (!isSystemError(error)) throw error;
}
