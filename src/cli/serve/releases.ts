import { type FileHandle, readdir, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { checksumsFile, parseChecksums } from "../../release/checksums.js";
import type { RunReport } from "../../release/release-report.js";
import { filesWithoutChecksum } from "../../release/verify/check-files.js";
import { folderSource } from "../../release/verify/folder-source.js";
import { maxTextBytes, type ReleaseSource } from "../../release/verify/release-source.js";
import { type ErrorReport, errorReport } from "../../util/error-report.js";
import { isMissing, QuantsmithError } from "../../util/errors.js";
import { openRegular } from "../../util/regular-file.js";
import { readReport } from "../read-report.js";

/** A release folder: its report, or why it has none. */
export interface ReleaseEntry {
  name: string;
  report?: RunReport;
  problem?: ErrorReport;
}

/** The releases of an output folder: only files that a release lists, none through links to other folders. */
export class Releases {
  readonly #folder: string;
  readonly #signal: AbortSignal;

  constructor(folder: string, signal: AbortSignal) {
    this.#folder = folder;
    this.#signal = signal;
  }

  /** Returns the names of the release folders; none if there is no such folder. */
  async names(): Promise<string[]> {
    const entries = await readdir(this.#folder, { withFileTypes: true }).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map(({ name }) => name)
      .sort();
  }

  async list(): Promise<ReleaseEntry[]> {
    return Promise.all((await this.names()).map((name) => this.entry(name)));
  }

  /** Reads a release of `names`. A release that is damaged, or replaced meanwhile, has a problem. */
  async entry(name: string): Promise<ReleaseEntry> {
    try {
      return { name, report: await this.report(name) };
    } catch (error) {
      return { name, problem: errorReport(error) };
    }
  }

  /** Errors: those of `readReport`. */
  async report(name: string): Promise<RunReport> {
    return readReport(await this.#source(name));
  }

  /** Returns path and bytes of the files that a release of `names` lists and has. */
  async files(name: string): Promise<Map<string, number>> {
    const source = await this.#source(name);
    const { files } = await source.files();
    const sums = files.find(({ path }) => path === checksumsFile);
    const text = sums === undefined || sums.bytes > maxTextBytes ? "" : await source.text(checksumsFile);
    const listed = new Set([...parseChecksums(text).files.keys(), ...filesWithoutChecksum]);
    return new Map(files.filter(({ path }) => listed.has(path)).map(({ path, bytes }) => [path, bytes]));
  }

  /** Opens a file of `files`; undefined if it is no longer inside the release. Rejects as `openRegular`. */
  async open(name: string, path: string): Promise<FileHandle | undefined> {
    const root = await realpath(this.#path(name));
    const target = await realpath(join(root, path));
    return target.startsWith(`${root}${sep}`) ? openRegular(target) : undefined;
  }

  /** Returns the content of a text file of `files`, as `open` does. */
  async text(name: string, path: string): Promise<string | undefined> {
    const file = await this.open(name, path);
    try {
      return await file?.readFile("utf8");
    } finally {
      await file?.close();
    }
  }

  /** Returns the folder of a release of `names` to measure its models. Errors: QS-GGUF-MISSING for a link to another folder. */
  async modelFolder(name: string): Promise<string> {
    const { problems } = await (await this.#source(name)).files();
    const problem = problems.find(({ file }) => file?.toLowerCase().endsWith(".gguf"));
    if (problem === undefined) return this.#path(name);
    const { message, remedy } = problem;
    throw new QuantsmithError("QS-GGUF-MISSING", `${name}: ${message}`, { remedy });
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  /** As `folderSource`, without hidden files and links to other folders. */
  async #source(name: string): Promise<ReleaseSource> {
    const source = await folderSource(this.#path(name), this.#signal);
    return {
      ...source,
      async files() {
        const { files, problems } = await source.files();
        const outside = new Set(problems.map(({ file }) => file));
        const isShown = (path: string) => !outside.has(path) && !/(?:^|\/)\./.test(path);
        return { files: files.filter(({ path }) => isShown(path)), problems };
      },
    };
  }
}
