import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { execaSync } from "execa";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { queueRows } from "../../src/cli/views/queue-table.js";
import { EventBus } from "../../src/engine/events.js";
import { installRelease } from "../../src/engine/install-release.js";
import { releaseOwner } from "../../src/engine/release-owner.js";
import { runPlan } from "../../src/engine/run-plan.js";
import { keyPlan } from "../../src/engine/step-keys.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import type { Plan } from "../../src/plan/plan.js";
import { showsRelease } from "../../src/queue/published-release.js";
import { readStatus } from "../../src/queue/queue-status.js";
import type { QueueMember } from "../../src/queue/require-distinct.js";
import { type MemberEnd, type QueueWork, runQueue } from "../../src/queue/run-queue.js";
import { renderStatement } from "../../src/release/sign/statement.js";
import { publishTo } from "../../src/stages/publish/publish.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { QuantsmithError } from "../../src/util/errors.js";
import { listFiles } from "../../src/util/files.js";
import { mountPoints } from "../../src/util/mount-points.js";
import { sha256 } from "../../src/util/sha256.js";
import { failureOf } from "../fixtures/failure.js";
import { somePlan, someStep } from "../fixtures/plan.js";
import { releaseFolder } from "../fixtures/release-folder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

// Test files share modules: this one has its own, so that the mock reaches them, and leaves none behind.
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());
vi.mock("../../src/util/mount-points.js", () => ({ mountPoints: vi.fn(async () => []) }));
afterEach(() => void vi.mocked(mountPoints).mockReset());
/** Called after each rename. */
const renamed = vi.hoisted(() => ({ call: (_from: string) => {} }));
vi.mock("node:fs/promises", async (original) => {
  const files = await original<typeof import("node:fs/promises")>();
  const rename = async (from: string, to: string) => {
    await files.rename(from, to);
    renamed.call(from);
  };
  return { ...files, rename };
});
afterEach(() => {
  renamed.call = () => {};
});

/** Bytes that a release of the test takes, of which the GGUF file counts once. */
const releaseBytes = 330_000;
const { signal } = new AbortController();

/** A queue of releases that are built without native tools and published to folders. */
class TestQueue {
  readonly home = temporaryFolder();
  readonly out = join(this.home, "out");
  readonly runs: string[] = [];
  readonly notes: string[] = [];
  /** Errors by model, thrown instead of its plan. */
  readonly failures = new Map<string, QuantsmithError>();
  /** Models that fail after their steps were built. */
  readonly rejected = new Set<string>();
  /** Called when a model runs. */
  onRun: () => void = () => undefined;
  /** Raise it to build other releases of the same models. */
  edition = 0;
  readonly #digests = new DigestCache();

  target = (name: string): string => join(this.home, "published", name);

  member(name: string): QueueMember {
    const settings = { name, file: join(this.home, `${name}.yaml`), sha256: "", model: { name } };
    // The queue reads only these settings.
    return { settings, target: { kind: "dir", path: this.target(name) } } as unknown as QueueMember;
  }

  run(names: readonly string[], maxDiskBytes?: number) {
    const note = (line: string) => void this.notes.push(line);
    const limit = maxDiskBytes === undefined ? {} : { maxDiskBytes };
    const work: QueueWork = {
      plan: async ({ settings: { name } }) => {
        const failure = this.failures.get(name);
        if (failure !== undefined) throw failure;
        return this.#plan(name);
      },
      run: (member, plan) => this.#build(member, plan),
    };
    return runQueue(
      names.map((name) => this.member(name)),
      { out: this.out, signal, note, tell: note, ...limit },
      work,
    );
  }

  /** Writes partial work of a model, as an interrupted download leaves. */
  interrupt(name: string, bytes: number): void {
    const key = keyPlan(this.#plan(name)).get("package")?.key ?? "";
    const folder = join(this.out, "store", ".partial", key, "download");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "blob"), Buffer.alloc(bytes));
  }

  #plan(name: string): Plan {
    const step = someStep({
      ...{
        id: "package",
        stage: "package",
        tools: [],
        params: { name, edition: this.edition },
        predictedBytes: releaseBytes,
      },
      run: async ({ out }) => {
        releaseFolder(out, { variants: { Q8_0: name.length + this.edition }, model: name });
        return {};
      },
    });
    return somePlan([step], { name });
  }

  async #build({ settings, target }: QueueMember, plan: Plan): Promise<MemberEnd> {
    this.runs.push(settings.name);
    this.onRun();
    const workspace = await openWorkspace(this.out);
    try {
      const nothing = () => Promise.reject(new Error("no tool is needed here"));
      const common = { workspace, digests: this.#digests, signal, verify: false };
      const { records, store } = await runPlan(plan, {
        ...{ ...common, events: new EventBus(), threads: 1, fresh: false },
        tools: { toolchain: nothing, python: nothing },
      });
      const record = records.get("package");
      if (record === undefined || target === undefined) throw new Error("nothing was built");
      if (this.rejected.has(settings.name)) {
        const error = new QuantsmithError("QS-GATE-FAILED", "for the test", { remedy: "" });
        return { errors: [error], release: null, steps: [] };
      }
      const owner = await releaseOwner(workspace, settings);
      const folder = store.folder("package", record.key);
      const { release } = await installRelease(
        { ...common, name: settings.name, owner, replace: false },
        { folder, record },
      );
      const publication = await publishTo(release, target, { signal, onProgress: () => undefined });
      return { errors: [], release, steps: [`package-${record.key}`], publication };
    } finally {
      await workspace.close();
    }
  }

  async states(): Promise<Record<string, string>> {
    const { models = [] } = (await readStatus(this.out)) ?? {};
    const stateOf = ({ state, published }: (typeof models)[number]) =>
      published?.isDropped === true ? `${state}, removed` : state;
    return Object.fromEntries(models.map((entry) => [entry.name, stateOf(entry)]));
  }

  releases(): string[] {
    return readdirSync(join(this.out, "releases")).filter((name) => !name.startsWith("."));
  }
}

test("a disk limit removes published releases, and a later run builds only what its target lacks", async () => {
  const queue = new TestQueue();
  const limit = 2.5 * releaseBytes;
  await queue.run(["a", "bb", "ccc"], limit);
  expect(await queue.states()).toEqual({ a: "published, removed", bb: "published", ccc: "published" });
  expect([queue.releases(), existsSync(join(queue.target("a"), "a-Q8_0.gguf"))]).toEqual([["bb", "ccc"], true]);
  queue.runs.length = 0;
  await queue.run(["a", "bb", "ccc"], limit);
  expect(queue.runs).toEqual(["bb", "ccc"]);
  rmSync(queue.target("a"), { recursive: true });
  await queue.run(["a"], limit);
  expect([queue.runs.at(-1), await queue.states()]).toEqual([
    "a",
    { a: "published", bb: "published, removed", ccc: "published" },
  ]);
});

test("the former release of a model makes room for its next one, and a failed model for the others", async () => {
  const queue = new TestQueue();
  await queue.run(["a"]);
  queue.edition = 10;
  queue.rejected.add("bb");
  const ends = await queue.run(["a", "bb", "ccc"], 1.5 * releaseBytes);
  expect(ends.map(({ error, state }) => error?.code ?? state)).toEqual(["published", "QS-GATE-FAILED", "published"]);
});

test("a release that follows an earlier one at its target is removed, too", async () => {
  const queue = new TestQueue();
  await queue.run(["a"]);
  queue.edition = 10;
  await queue.run(["a", "bb"], 2.5 * releaseBytes);
  await queue.run(["a", "bb", "ccc"], 2.5 * releaseBytes);
  expect(existsSync(join(queue.target("a"), "history.json"))).toBe(true);
  expect(await queue.states()).toEqual({ a: "published, removed", bb: "published", ccc: "published" });
  queue.runs.length = 0;
  await queue.run(["a"]);
  expect(queue.runs).toEqual([]);
});

test("two queues with the same targets leave each release once", async () => {
  const [first, second] = [new TestQueue(), new TestQueue()];
  second.target = (name) => first.target(name);
  const ends = await Promise.all([first, second].map((queue) => queue.run(["a", "bb", "ccc"], 2.5 * releaseBytes)));
  expect(ends.flat().map(({ state, error }) => error?.message ?? state)).toEqual(Array(6).fill("published"));
  for (const queue of [first, second]) {
    queue.runs.length = 0;
    await queue.run(["a"]);
    expect(queue.runs).toEqual([]);
  }
});

test("nothing is removed that its target lacks, or that was changed or built again since", async () => {
  const queue = new TestQueue();
  await queue.run(["a", "bb"]);
  rmSync(join(queue.target("a"), "a-Q8_0.gguf"));
  writeFileSync(join(queue.out, "releases", "bb", "SHA256SUMS"), "another release");
  const [last] = (await queue.run(["ccc"], 2.5 * releaseBytes)).slice(-1);
  expect([last?.state, last?.error?.code]).toEqual(["failed", "QS-QUEUE-DISK"]);
  expect(queue.notes.join()).toContain("Kept the release a: it is no longer at its target");
  expect(queue.releases()).toEqual(["a", "bb"]);
  expect(readdirSync(join(queue.out, "store")).filter((name) => name.startsWith("package-"))).toHaveLength(2);
});

test("a release with a signature that its target lacks stays", async () => {
  const queue = new TestQueue();
  await queue.run(["a", "bb"]);
  const folder = join(queue.out, "releases", "a");
  const digests = (await listFiles(folder)).map((path) => [path, sha256(readFileSync(join(folder, path)))] as const);
  const payload = Buffer.from(renderStatement("a", new Map(digests))).toString("base64");
  writeFileSync(join(folder, "model.sig"), JSON.stringify({ dsseEnvelope: { payload } }));
  await queue.run(["ccc"], 2.5 * releaseBytes);
  expect(queue.releases()).toEqual(["a", "ccc"]);
  expect(queue.notes.join()).toContain("Kept the release a: its target does not have its model.sig.");
});

test("the status says of a release whether its target has lost it, and whether it was kept", async () => {
  const queue = new TestQueue();
  await queue.run(["a", "bb"]);
  rmSync(queue.target("a"), { recursive: true });
  writeFileSync(join(queue.out, "releases", "bb", "notes.txt"), "mine");
  await queue.run(["ccc"], 2.5 * releaseBytes);
  expect(queue.releases()).toEqual(["a", "bb"]);
  const rows = queueRows((await readStatus(queue.out))?.models ?? []);
  expect(rows.map(([name, state, , details]) => `${name} ${state}: ${details}`)).toEqual([
    expect.stringMatching(/^ccc failed: QS-QUEUE-DISK/),
    `a published: ${queue.target("a")}, no longer there as published`,
    `bb published: ${queue.target("bb")}, local steps removed`,
  ]);
});

test.each<[string, (queue: TestQueue) => void, string]>([
  [
    "that left its target",
    (queue) => rmSync(queue.target("a"), { recursive: true }),
    "Kept the release a: it is no longer at its target",
  ],
  ["that was built again", (queue) => writeFileSync(join(queue.out, "releases", "a", "SHA256SUMS"), "another one"), ""],
])("during the wait for another run, a release %s is not removed", async (_, change, note) => {
  const queue = new TestQueue();
  await queue.run(["a"]);
  const other = await openWorkspace(queue.out);
  const ends = queue.run(["ccc"], 1.5 * releaseBytes);
  await vi.waitFor(() => expect(queue.notes.join()).toContain("waiting for the end of another run"), 5000);
  change(queue);
  await other.close();
  expect((await ends).map(({ error }) => error?.code)).toEqual(["QS-QUEUE-DISK"]);
  expect([existsSync(join(queue.out, "releases", "a", "a-Q8_0.gguf")), queue.notes.join()]).toEqual([
    true,
    expect.stringContaining(note),
  ]);
  expect(readdirSync(join(queue.out, "store")).filter((name) => name.startsWith("package-"))).toHaveLength(1);
});

test("a target that cannot be read keeps the local release, and other models are built", async () => {
  const queue = new TestQueue();
  await queue.run(["a", "bb"]);
  rmSync(queue.target("a"), { recursive: true });
  writeFileSync(queue.target("a"), "mine");
  const [last] = (await queue.run(["ccc"], 2.5 * releaseBytes)).slice(-1);
  expect([last?.state, queue.releases()]).toEqual(["published", ["a", "ccc"]]);
  expect(queue.notes.join()).toContain("Kept the release a: it is no longer at its target");
});

test("partial work of a model counts against the limit of the others only", async () => {
  const queue = new TestQueue();
  queue.interrupt("a", releaseBytes);
  const ends = await queue.run(["bb", "a"], 1.5 * releaseBytes);
  expect(ends.map(({ error, state }) => error?.code ?? state)).toEqual(["QS-QUEUE-DISK", "published"]);
});

test("a queue whose lock another process took over ends, and leaves the other's status file alone", async () => {
  const queue = new TestQueue();
  const other = JSON.stringify({ format: 1, process: "other", models: [] });
  queue.onRun = () => {
    rmSync(join(queue.out, "store", ".locks", "queue.lock"), { recursive: true });
    writeFileSync(join(queue.out, "queue.json"), other);
  };
  expect((await failureOf(queue.run(["a", "bb"]))).code).toBe("QS-QUEUE-LOCK");
  expect([queue.runs, readFileSync(join(queue.out, "queue.json"), "utf8")]).toEqual([["a"], other]);
});

test.each<[string, (queue: TestQueue) => void]>([
  [
    "a link to the local release",
    (queue) => {
      rmSync(queue.target("a"), { recursive: true });
      symlinkSync(join(queue.out, "releases", "a"), queue.target("a"));
    },
  ],
  [
    "below a link to the local releases",
    (queue) => {
      rmSync(join(queue.home, "published"), { recursive: true });
      symlinkSync(join(queue.out, "releases"), join(queue.home, "published"));
    },
  ],
  [
    "with a link to a local file",
    (queue) => {
      const name = "a-Q8_0.gguf";
      rmSync(join(queue.target("a"), name));
      symlinkSync(join(queue.out, "releases", "a", name), join(queue.target("a"), name));
    },
  ],
  [
    "with a mount point, which can be a view of the local release",
    (queue) => {
      const target = queue.target("a");
      vi.mocked(mountPoints).mockImplementation(async (folder) => (folder === target ? [join(target, "assets")] : []));
    },
  ],
  [
    "with a pipe in place of its checksums",
    (queue) => {
      const path = join(queue.target("a"), "SHA256SUMS");
      rmSync(path);
      execaSync("mkfifo", [path]);
    },
  ],
])("a release stays whose target is no copy: %s", async (_, change) => {
  const queue = new TestQueue();
  await queue.run(["a"]);
  change(queue);
  const [last] = (await queue.run(["ccc"], 1.5 * releaseBytes)).slice(-1);
  expect([last?.state, last?.error?.code]).toEqual(["failed", "QS-QUEUE-DISK"]);
  expect(existsSync(join(queue.out, "releases", "a", "a-Q8_0.gguf"))).toBe(true);
});

test("a view of the local release is recognized by a new folder in it, which is removed; a copy is none", async () => {
  const queue = new TestQueue();
  await queue.run(["a"]);
  const release = join(queue.out, "releases", "a");
  const view = join(queue.home, "view");
  symlinkSync(release, view);
  const before = readdirSync(release);
  expect([await showsRelease(view, release), await showsRelease(queue.target("a"), release)]).toEqual([true, false]);
  expect(readdirSync(release)).toEqual(before);
});

describe("a target on a mount that resolves links, where a link to a file here is a regular file", () => {
  const model = "a-Q8_0.gguf";

  /** Shows the model at the target while `exists` says that its link leads to a file. */
  const show = (queue: TestQueue, exists: () => boolean) => {
    const [shown, hidden] = [join(queue.target("a"), model), join(queue.home, "hidden")];
    const update = () => {
      if (exists() !== existsSync(shown))
        renameSync(...((exists() ? [hidden, shown] : [shown, hidden]) as [string, string]));
    };
    renamed.call = update;
    return update;
  };
  const expectKept = async (queue: TestQueue) => {
    const [last] = (await queue.run(["ccc"], 1.5 * releaseBytes)).slice(-1);
    expect([last?.state, last?.error?.code]).toEqual(["failed", "QS-QUEUE-DISK"]);
    expect(queue.notes.join()).toContain("Kept the release a: the files at its target are links to it.");
    expect(readdirSync(join(queue.out, "releases")).sort()).toEqual([".a.json", "a"]);
    expect(existsSync(join(queue.out, "releases", "a", model))).toBe(true);
  };

  test("to the release: it stays with its steps", async () => {
    const queue = new TestQueue();
    await queue.run(["a"]);
    show(queue, () => existsSync(join(queue.out, "releases", "a", model)));
    await expectKept(queue);
    expect(existsSync(join(queue.target("a"), model))).toBe(true);
    expect(readdirSync(join(queue.out, "store")).filter((name) => name.startsWith("package-"))).toHaveLength(1);
    expect(await queue.states()).toMatchObject({ a: "published" });
  });

  test("to a step: the release, which has the same file, stays", async () => {
    const queue = new TestQueue();
    await queue.run(["a"]);
    const isStored = () => readdirSync(join(queue.out, "store")).some((name) => name.startsWith("package-"));
    show(queue, isStored);
    await expectKept(queue);
  });

  test("a kill while the release is at another path: the next queue puts it back", async () => {
    const queue = new TestQueue();
    await queue.run(["a"]);
    const releases = join(queue.out, "releases");
    const update = show(queue, () => existsSync(join(releases, "a", model)));
    const former = join(queue.home, "former");
    renamed.call = (from) => {
      if (from === join(releases, "a") && !existsSync(former)) cpSync(releases, former, { recursive: true });
      update();
    };
    await expectKept(queue);
    // As the killed process left it.
    renamed.call = update;
    rmSync(releases, { recursive: true });
    renameSync(former, releases);
    expect(existsSync(join(releases, "a"))).toBe(false);
    for (const name of readdirSync(releases))
      if (name.endsWith(".lock")) rmSync(join(releases, name), { recursive: true });
    update();
    await expectKept(queue);
  });
});

test("a foreign file at the path of the status stays", async () => {
  const queue = new TestQueue();
  mkdirSync(queue.out);
  const path = join(queue.out, "queue.json");
  writeFileSync(path, '{"version":1,"recipes":["./one.yaml"]}');
  expect((await failureOf(queue.run(["a"]))).code).toBe("QS-QUEUE-FILE");
  expect(readFileSync(path, "utf8")).toContain("one.yaml");
  expect(queue.runs).toEqual([]);
});

function becomeFolder(path: string): void {
  rmSync(path);
  mkdirSync(path);
}

test.each<[string, (path: string) => void, string]>([
  ["too large to be one", (path) => truncateSync(path, 600e6), "queue.json: it has 600000000 bytes"],
  ["a folder", becomeFolder, "queue.json: it is a folder"],
])("a status that is %s is a coded error", async (_, change, message) => {
  const queue = new TestQueue();
  await queue.run(["a"]);
  change(join(queue.out, "queue.json"));
  const failure = await failureOf(queue.run(["a"]));
  expect([failure.code, failure.message]).toEqual(["QS-QUEUE-FILE", expect.stringContaining(message)]);
});

test("a status that cannot be written ends the queue with a coded error", async () => {
  const queue = new TestQueue();
  const path = join(queue.out, "queue.json");
  queue.onRun = () => becomeFolder(path);
  const failure = await failureOf(queue.run(["a"]));
  expect([failure.code, failure.message]).toEqual(["QS-QUEUE-FILE", `cannot write ${path}: it is a folder`]);
});

test("an output folder that cannot be one is a coded error", async () => {
  const queue = new TestQueue();
  writeFileSync(queue.out, "");
  expect((await failureOf(queue.run(["a"]))).code).toBe("QS-ENV-OUTPUT");
});

test("a model that exceeds the limit on its own removes nothing", async () => {
  const queue = new TestQueue();
  await queue.run(["a"]);
  const [last] = (await queue.run(["ccc"], 0.5 * releaseBytes)).slice(-1);
  expect(last?.error?.code).toBe("QS-QUEUE-DISK");
  expect(existsSync(join(queue.out, "releases", "a", "a-Q8_0.gguf"))).toBe(true);
});

test("a failed model does not stop the others, but a wrong command line does", async () => {
  const queue = new TestQueue();
  const failure = (code: "QS-HUB-MISSING" | "QS-USAGE") => new QuantsmithError(code, "for the test", { remedy: "" });
  queue.failures.set("a", failure("QS-HUB-MISSING"));
  await queue.run(["a", "bb"]);
  expect(await queue.states()).toEqual({ a: "failed", bb: "published" });
  queue.failures.set("a", failure("QS-USAGE"));
  expect((await failureOf(queue.run(["a", "bb"]))).code).toBe("QS-USAGE");
  expect(await queue.states()).toEqual({ a: "waiting", bb: "waiting" });
});

test("a second queue in the same output folder waits for the end of the first", async () => {
  const queue = new TestQueue();
  await Promise.all([queue.run(["a", "bb"]), queue.run(["a", "bb"])]);
  expect(queue.runs).toEqual(["a", "bb", "a", "bb"]);
  expect(queue.notes.filter((note) => note.startsWith("waiting for another process"))).toHaveLength(1);
  expect(await queue.states()).toEqual({ a: "published", bb: "published" });
});
