import { mkdirSync, readFileSync, realpathSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import { workflowPath } from "../../src/cli/init/release-workflow.js";
import { listFiles } from "../../src/util/files.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/*
 * The npm tarball, unpacked like an npm installation: beside the packages of `dependencies`, without those of
 * `devDependencies`. `.ci/try-package` installs it with npm and runs the whole demo.
 */
const root = fileURLToPath(new URL("../../", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const folder = realpathSync(temporaryFolder());
const installed = join(folder, "node_modules", "quantsmith");
let packed: { filename: string; size: number; files: { path: string; mode: number }[] };

beforeAll(async () => {
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  [packed] = JSON.parse((await execa("npm", pack, { cwd: root })).stdout);
  mkdirSync(installed, { recursive: true });
  await execa("tar", ["-xzf", join(folder, packed.filename), "-C", installed, "--strip-components=1"]);
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
});

describe("the tarball", () => {
  const below = (start: string) => packed.files.map(({ path }) => path).filter((path) => path.startsWith(start));

  test("contains the program's files and documents, and no development files", () => {
    const folders = ["corpora", "devices", "dist", "native", "pipelines", "recipes", "schema"];
    const files = [workflowPath, "CHANGELOG.md", "LICENSE", "README.md", "package.json"];
    const others = below("").filter((path) => !folders.some((name) => path.startsWith(`${name}/`)));
    expect(others.sort()).toEqual(files.sort());
    expect(folders.filter((name) => below(`${name}/`).length === 0)).toEqual([]);
  });

  test("contains only the compiled program: a script per source file, and the catalog", async () => {
    const sources = (await listFiles(join(root, "src"))).map((path) => `dist/${path.replace(/\.ts$/, ".js")}`);
    expect(below("dist/").sort()).toEqual([...sources, "dist/recipe/catalog/own-catalog.json"].sort());
    expect(below(manifest.bin.quantsmith)).toHaveLength(1);
  });

  test("contains the demo with its model and texts, in at most 14 MB", async () => {
    const demo = (await listFiles(join(root, "recipes", "demo"))).map((path) => `recipes/demo/${path}`);
    expect(demo).toContain("recipes/demo/tiny-llama/model.safetensors");
    expect(below("recipes/demo/").sort()).toEqual(demo);
    expect(packed.size).toBeLessThanOrEqual(14_000_000);
  });
});

test("only package.json contains the repository's owner, and its URLs agree", async () => {
  const [, address = ""] = /^git\+(https:\/\/github\.com\/[^/]+\/quantsmith)\.git$/.exec(manifest.repository.url) ?? [];
  expect([manifest.homepage, manifest.bugs.url]).toEqual([`${address}#readme`, `${address}/issues`]);
  const owned = address.replace("https://", "");
  const { stdout } = await execa("git", ["ls-files"], { cwd: root });
  const texts = stdout.split("\n").filter((path) => /\.(?:cjs|json|md|mjs|ts|ya?ml)$/.test(path));
  expect(texts.filter((path) => readFileSync(join(root, path), "utf8").includes(owned))).toEqual(["package.json"]);
});

describe("quantsmith demo, installed", () => {
  const home = join(folder, "home");
  const link = join(folder, "link");
  const file = join(folder, "file");
  const start = (args: readonly string[], cwd = home) =>
    execa(process.execPath, [join(installed, manifest.bin.quantsmith), ...args], {
      ...{ cwd, reject: false, env: { CI: "true", GITHUB_STEP_SUMMARY: "" } },
    });
  const snapshot = async () =>
    (await listFiles(installed)).map((path) => {
      const { size, mtimeMs } = statSync(join(installed, path));
      return `${path} ${size} ${mtimeMs}`;
    });
  beforeAll(() => {
    mkdirSync(home);
    symlinkSync(installed, link);
    writeFileSync(file, "");
  });

  test("builds in the current folder, continues there, and does not change the package folder", async () => {
    const before = await snapshot();
    const first = start(["demo"]);
    first.stdout.on("data", (text) => {
      if (String(text).includes(" convert built")) first.kill("SIGINT");
    });
    expect(await first).toMatchObject({ exitCode: 130 });
    const recipe = join(installed, "recipes", "demo", "demo.yaml");
    const { stdout } = await start(["plan", recipe, "--json"]);
    const steps: { id: string; status: string }[] = JSON.parse(stdout).steps;
    const cached = steps.filter(({ status }) => status === "cached").map(({ id }) => id);
    expect(cached).toEqual(expect.arrayContaining(["fetch", "convert"]));
    expect(cached).not.toContain("package");
    expect(await snapshot()).toEqual(before);
  });

  test.each([
    ["an argument", ["recipe.yaml"], 2, "QS-USAGE"],
    ["an option of run", ["--publish"], 2, "QS-USAGE"],
    ["threads that are not a number", ["--threads", "many"], 2, "QS-USAGE"],
    ["output in the package folder", ["--out", join(installed, "new", "out")], 2, "QS-USAGE"],
    ["output through a link to the package folder", ["--out", join(link, "out")], 2, "QS-USAGE"],
    ["output that cannot be written", ["--out", join(file, "out")], 4, "QS-ENV-OUTPUT"],
  ])("refuses %s", async (_what, args, exitCode, code) => {
    const result = await start(["demo", ...args, "--json"]);
    expect([result.exitCode, JSON.parse(result.stdout).error.code]).toEqual([exitCode, code]);
  });

  test("rejects the package folder as the current folder", async () => {
    const before = await snapshot();
    const { exitCode, stderr } = await start(["demo"], join(installed, "recipes"));
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`QS-USAGE: the output folder "artifacts" is inside the installed package ${installed}`);
    expect(await snapshot()).toEqual(before);
  });
});
