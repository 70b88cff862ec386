import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { loadSettings, preparePlan } from "../../src/cli/prepare-plan.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { runSubprocess } from "../../src/util/subprocess.js";
import { contents, digests } from "../fixtures/hub-client.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const base = temporaryFolder();
const root = join(import.meta.dirname, "../..");
const tinyLlama = join(root, "recipes/demo/tiny-llama");
const model = Object.fromEntries(readdirSync(tinyLlama).map((name) => [name, readFileSync(join(tinyLlama, name))]));
/** One with the format of a token, and one that no pattern for tokens matches. */
const canaries = ["hf_CanaryTokenCanaryToken", "canary.token-of-a-mirror"];

let hub: Hub;
let folder: string;
let env: Record<string, string>;

beforeEach(async () => {
  hub = await Hub.start();
  hub.create("org/tiny").commit({ ...model, "pytorch_model.bin": "pickle", "modeling_tiny.py": "raise SystemExit" });
  folder = mkdtempSync(join(base, "work-"));
  env = { HF_ENDPOINT: hub.url, HF_HOME: folder, HF_HUB_CACHE: join(folder, "hub") };
});
afterEach(() => hub.close());

function recipe(text = "model: { source: hf:org/tiny }\n"): string {
  const path = join(folder, "tiny.yaml");
  writeFileSync(path, `version: 1\n${text}pipeline: demo\nvariants: [Q8_0]\n`);
  return path;
}

interface Outcome {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the built command. */
function quantsmith(args: string[], extra: Record<string, string> = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [join(root, "dist/cli/main.js"), ...args, "--out", join(folder, "out")], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", CI: "true", ...env, ...extra },
  });
  const outcome: Outcome = { exitCode: null, stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      outcome[stream] += text;
    });
  }
  return new Promise((resolve) => child.on("close", (exitCode) => resolve({ ...outcome, exitCode })));
}

const fetchStep = () => {
  const store = join(folder, "out/store");
  return join(store, readdirSync(store).find((name) => name.startsWith("fetch-")) ?? "none");
};

describe("fetching from the Hub", () => {
  test("links the snapshot to the cache without pickles and programs, and is cached", async () => {
    const result = await quantsmith(["run", recipe(), "--until", "fetch"]);
    expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    expect(contents(join(fetchStep(), "snapshot"))).toEqual(digests(model));
    expect(readlinkSync(join(fetchStep(), "snapshot/model.safetensors"))).toContain("models--org--tiny/blobs/");
    const report = JSON.parse(readFileSync(join(fetchStep(), "snapshot.json"), "utf8"));
    expect(report).toMatchObject({ source: "hf:org/tiny", commit: hub.create("org/tiny").resolve("main"), unsafe: [] });
    expect(hub.requests.filter(({ path }) => /\.(bin|py)$/.test(path))).toEqual([]);
    const before = hub.requests.length;
    expect((await quantsmith(["run", recipe(), "--until", "fetch"])).stdout).toContain("fetch cached");
    expect((await quantsmith(["run", recipe(), "--until", "fetch"], { HF_HUB_OFFLINE: "1" })).exitCode).toBe(0);
    expect(hub.requests.length).toBe(before + 2);
    expect(hub.violations).toEqual([]);
  });

  test.each(["refs/pr/3", "feature/x"])("at revision %s of the source", async (revision) => {
    const repo = hub.create("org/tiny");
    const commit = repo.commit({ ...model, "README.md": "of the branch" }, revision);
    const path = recipe(`model: { source: hf:org/tiny@${revision} }\n`);
    const result = await quantsmith(["run", path, "--until", "fetch"]);
    expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(readFileSync(join(fetchStep(), "snapshot.json"), "utf8"))).toMatchObject({ commit });
    expect(readFileSync(join(folder, "hub/models--org--tiny/refs", revision), "utf8")).toBe(commit);
    expect((await quantsmith(["run", path, "--until", "fetch"], { HF_HUB_OFFLINE: "1" })).exitCode).toBe(0);
    expect(hub.violations).toEqual([]);
  });

  test("a repository behind a redirect is named in a warning, but not one with other letters", async () => {
    const repo = hub.create("org/moved");
    repo.commit(model);
    const planned = async (name: string) => {
      repo.movedTo = name;
      return quantsmith(["plan", recipe("model: { source: hf:org/moved }\n")]);
    };
    const { exitCode, stderr, stdout } = await planned("evil/other");
    expect(exitCode).toBe(0);
    expect(stdout + stderr).toContain("QW-SOURCE-MOVED");
    expect((stdout + stderr).replace(/\s+/g, " ")).toContain('from hf:org/moved to another repository, "evil/other";');
    const other = await planned("Org/Moved");
    expect(other.stdout + other.stderr).not.toContain("QW-SOURCE-MOVED");
  });

  test("a damaged header in the cache is read from the Hub, and the file downloaded again", async () => {
    const file = recipe();
    expect((await quantsmith(["run", file, "--until", "fetch"])).exitCode).toBe(0);
    const blob = realpathSync(join(fetchStep(), "snapshot/model.safetensors"));
    const whole = readFileSync(blob);
    writeFileSync(blob, Buffer.alloc(whole.length));
    const { exitCode, stderr } = await quantsmith(["run", file, "--until", "fetch"]);
    expect([exitCode, stderr]).toEqual([0, expect.not.stringContaining("QS-")]);
    expect(readFileSync(blob)).toEqual(whole);
  });

  test("a missing revision is reported at its line of the recipe", async () => {
    const path = recipe("model: { source: hf:org/tiny@none/x }\n");
    const result = await quantsmith(["plan", path, "--json"]);
    expect(result.exitCode).toBe(5);
    expect(JSON.parse(result.stdout).error).toMatchObject({
      ...{ code: "QS-HUB-REVISION", at: { file: path, line: 2, column: 18 } },
      remedy: expect.stringContaining("/org/tiny/tree/main"),
    });
  });

  test("an error has the Hub's exit code and a remedy", async () => {
    hub.create("org/tiny").access = "gated";
    const result = await quantsmith(["run", recipe(), "--until", "fetch", "--json"]);
    expect(result.exitCode).toBe(5);
    expect(JSON.parse(result.stdout)).toMatchObject({ error: { code: "QS-HUB-GATED" } });
  });
});

describe("a lock file", () => {
  /** The lock file of a release now. */
  async function lockText(path: string): Promise<string> {
    Object.assign(process.env, env);
    try {
      const plan = await preparePlan(await loadSettings(path), { out: folder }, new DigestCache());
      return stringify(plan.report.params.lock, { aliasDuplicateObjects: false });
    } finally {
      for (const name of Object.keys(env)) delete process.env[name];
    }
  }

  test("--locked pins the commit; a moved revision is an error and shown by plan", async () => {
    const path = recipe();
    expect((await quantsmith(["run", path, "--locked", "--until", "fetch"])).stderr).toContain("QS-LOCK-MISSING");
    writeFileSync(join(folder, "tiny.lock.yaml"), await lockText(path));
    const fitting = await quantsmith(["run", path, "--locked", "--until", "fetch"]);
    expect(fitting, fitting.stderr).toMatchObject({ exitCode: 0 });
    expect(JSON.parse((await quantsmith(["plan", path, "--json"])).stdout).notes).toEqual([]);

    const before = hub.create("org/tiny").resolve("main") ?? "";
    const after = hub.create("org/tiny").commit({ ...model, "README.md": "changed" });
    const refused = await quantsmith(["run", path, "--locked", "--until", "fetch"]);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("QS-LOCK-MOVED");
    expect(refused.stderr).toContain(before.slice(0, 12));
    const { notes } = JSON.parse((await quantsmith(["plan", path, "--json"])).stdout);
    expect(notes).toEqual([expect.stringContaining(after.slice(0, 12))]);
    expect((await quantsmith(["plan", path])).stdout).toContain("the model's revision has moved");
    const text = recipe(`model: { source: hf:org/tiny, revision: ${before} }\n`);
    expect((await quantsmith(["run", text, "--locked", "--until", "fetch"])).exitCode).toBe(0);
  });

  test("rejects another recipe, another source, and a file that is not a lock file", async () => {
    const path = recipe();
    const other = join(folder, "other place.yaml");
    writeFileSync(other, (await lockText(path)).replace("chunks: 40", "chunks: 41"));
    const changed = await quantsmith(["run", path, `--locked=${other}`, "--until", "fetch"]);
    expect(changed.stderr).toMatch(/QS-LOCK-MOVED[\s\S]*chunks: 41 → 40/);
    writeFileSync(other, "just text");
    expect((await quantsmith(["run", path, `--locked=${other}`])).stderr).toContain("QS-LOCK-MISSING");
    expect(existsSync(join(folder, "out"))).toBe(false);
  });
});

describe("the token", () => {
  test.each(canaries)("%s appears only in the header to the Hub's origin", async (token) => {
    hub.token = token;
    hub.create("org/tiny").access = "private";
    const outcomes: Outcome[] = [];
    const attempt = async (args: string[] = []) => {
      outcomes.push(await quantsmith(["run", recipe(), "--until", "fetch", ...args], { HF_TOKEN: token }));
      return outcomes.at(-1)?.exitCode;
    };
    expect(await attempt()).toBe(0);
    expect(await attempt(["--fresh"])).toBe(0);
    // Responses too, even if the server echoes the request.
    const echo = { "x-error-message": `token ${token}`, "x-error-code": token, "www-authenticate": `Bearer ${token}` };
    for (const status of [400, 401, 403, 404]) {
      hub.faults = ({ server }) => (server === "hub" ? { kind: "status", status, headers: echo } : undefined);
      expect(await attempt(["--json"])).toBe(5);
    }
    hub.faults = () => ({ kind: "redirect", to: `http://x:${token}@192.0.2.1/` });
    expect(await attempt()).toBe(5);
    const seen = hub.requests.filter(({ headers }) => JSON.stringify(headers).includes(token));
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.filter(({ server }) => server !== "hub")).toEqual([]);
    expect(hub.requests.filter(({ path, query }) => `${path}?${query}`.includes(token))).toEqual([]);
    for (const { stdout, stderr } of outcomes) expect(stdout + stderr).not.toContain(token);
    for (const path of everyFile(folder))
      expect(readFileSync(path), path).not.toSatisfy((b: Buffer) => b.includes(token));
    expect(hub.violations.filter((what) => what.includes("token"))).toEqual([]);
  });

  test("no child process receives it", async () => {
    process.env.HF_TOKEN = canaries[0];
    try {
      const { stdout } = await runSubprocess({ file: "/usr/bin/env", args: [], cwd: folder });
      expect(stdout).toContain("PATH=");
      expect(stdout).not.toContain("Canary");
    } finally {
      delete process.env.HF_TOKEN;
    }
  });
});

function everyFile(dir: string): string[] {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}
