import { workspaceAt } from "../../engine/workspace.js";
import { findDevice } from "../../hardware/catalog/find-device.js";
import { readStatus } from "../../queue/queue-status.js";
import { loadCatalog } from "../../recipe/catalog/load-catalog.js";
import { compareReleases } from "../../release/compare.js";
import { html } from "../../report/html/html.js";
import { errorReport } from "../../util/error-report.js";
import { QuantsmithError } from "../../util/errors.js";
import { chooseFile, parseTask } from "../choose-file.js";
import { incompleteModels, loadModels, pictureNotes } from "../fit-options.js";
import { type Answer, fileAnswer, pageAnswer } from "./answer.js";
import { cardPage } from "./card-page.js";
import { comparePage } from "./compare-page.js";
import { devicePage } from "./device-page.js";
import { link, type Page, problemNote } from "./layout.js";
import { releasePage } from "./release-page.js";
import { Releases } from "./releases.js";
import { RunLogs } from "./run-log.js";
import { runPage } from "./run-page.js";
import { type StartFacts, startPage } from "./start-page.js";

const listedRuns = 50;
/** Size limit for a rendered model card; a larger one is served as text. */
const maxCardBytes = 2 ** 20;

/** A request without the token: the decoded names of its path, and the relative path of the start page. */
export interface SiteRequest {
  path: readonly string[];
  query: URLSearchParams;
  root: string;
}

/** The pages of an output folder. Reads only: names are looked up in listings, never joined to a path before. */
export class Site {
  readonly #out: string;
  readonly #signal: AbortSignal;
  readonly #releases: Releases;
  readonly #runs: RunLogs;

  constructor(out: string, signal: AbortSignal) {
    this.#out = out;
    this.#signal = signal;
    const workspace = workspaceAt(out);
    this.#releases = new Releases(workspace.releases, signal);
    this.#runs = new RunLogs(workspace);
  }

  /** Answers a request; an error becomes a page. */
  async answer(request: SiteRequest): Promise<Answer> {
    const { root } = request;
    try {
      const found = await this.#find(request);
      if (found === undefined) return pageAnswer(missing, root, 404);
      return "title" in found ? pageAnswer(found, root) : found;
    } catch (error) {
      const report = errorReport(error);
      const status = error instanceof QuantsmithError ? 400 : 500;
      return pageAnswer({ title: "This did not work", body: problemNote(report) }, root, status);
    }
  }

  async #find({ path: [kind, name, ...rest], query, root }: SiteRequest): Promise<Page | Answer | undefined> {
    if (kind === "releases" && name !== undefined) {
      if (!(await this.#releases.names()).includes(name)) return undefined;
      return rest.length === 0 ? this.#release(name, root) : this.#file(name, rest.join("/"));
    }
    if (kind === "runs" && name !== undefined && rest.length === 0) {
      return (await this.#runs.names()).includes(name) ? runPage(await this.#runs.read(name)) : undefined;
    }
    if (name !== undefined) return undefined;
    if (kind === "card") return this.#card(query.get("release") ?? "", root);
    if (kind === "compare") return this.#compare(query);
    if (kind === "device") return this.#device(query, root);
    return kind === undefined ? this.#start() : undefined;
  }

  async #start(): Promise<Page> {
    const names = await this.#runs.names();
    const runs: StartFacts["runs"][number][] = [];
    // One after the other, since logs can be large.
    for (const name of names.slice(0, listedRuns)) {
      runs.push(await this.#runs.read(name).catch((error: unknown) => ({ name, problem: errorReport(error) })));
    }
    return startPage({
      out: this.#out,
      releases: await this.#releases.list(),
      runs,
      olderRuns: Math.max(0, names.length - listedRuns),
      queue: await readStatus(this.#out).catch(errorReport),
      devices: [...(await loadCatalog()).devices.values()],
    });
  }

  async #release(name: string, root: string): Promise<Page> {
    return releasePage(await this.#releases.entry(name), await this.#releases.files(name), root);
  }

  async #file(name: string, path: string): Promise<Answer | undefined> {
    if (!(await this.#releases.files(name)).has(path)) return undefined;
    const file = await this.#releases.open(name, path);
    return file === undefined ? undefined : fileAnswer(path, file);
  }

  async #card(name: string, root: string): Promise<Page | Answer | undefined> {
    if (!(await this.#releases.names()).includes(name)) return undefined;
    const files = await this.#releases.files(name);
    const bytes = files.get("README.md");
    if (bytes === undefined) return undefined;
    if (bytes > maxCardBytes) return this.#file(name, "README.md");
    const addressOf = (path: string) =>
      files.has(path) ? link(root, "releases", name, ...path.split("/")) : undefined;
    const text = await this.#releases.text(name, "README.md");
    return text === undefined ? undefined : cardPage(name, text, addressOf);
  }

  async #compare(query: URLSearchParams): Promise<Page | undefined> {
    const names = await this.#releases.names();
    const [before = "", after = ""] = [query.get("before") ?? "", query.get("after") ?? ""];
    if (!names.includes(before) || !names.includes(after)) return undefined;
    const reports = [await this.#releases.report(before), await this.#releases.report(after)] as const;
    return comparePage(before, after, compareReleases(...reports));
  }

  async #device(query: URLSearchParams, root: string): Promise<Page | undefined> {
    const task = parseTask(query.get("task") ?? "chat");
    const catalog = await loadCatalog();
    const device = findDevice(catalog, (query.get("device") ?? "").trim());
    const chosen = query.get("release") ?? "";
    const usable = (await this.#releases.list()).flatMap(({ name, report }) => (report === undefined ? [] : [name]));
    const names = chosen === "" ? usable : usable.filter((name) => name === chosen);
    if (names.length === 0) return undefined;
    const folders = await Promise.all(names.map((name) => this.#releases.modelFolder(name)));
    const models = await loadModels(folders, this.#signal);
    const request = {
      device,
      backends: catalog.backends,
      task,
      context: null,
      kvType: "f16",
      hostRamBytes: null,
    } as const;
    const choice = await chooseFile(models, request);
    const remarks = { notes: pictureNotes(models), warnings: incompleteModels(models) };
    const address = await this.#addressOf(choice.pick?.file, names, root);
    return devicePage({ device, task, choice, address, ...remarks });
  }

  async #addressOf(file: string | undefined, names: readonly string[], root: string): Promise<string | undefined> {
    if (file === undefined) return undefined;
    const lists = await Promise.all(names.map((name) => this.#releases.files(name)));
    const owners = names.filter((_, index) => lists[index]?.has(file));
    return owners.length === 1 ? link(root, "releases", ...owners, file) : undefined;
  }
}

const missing: Page = {
  title: "Not found",
  body: html`<p>There is no such page. A run or a release may have been removed meanwhile.</p>\n`,
};
