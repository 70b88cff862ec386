import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunReport } from "../../src/release/release-report.js";
import { sha256 } from "../../src/util/sha256.js";
import { demoCopy, quantsmith } from "../fixtures/cli.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { zip } from "../fixtures/zip.js";

/*
 * Texts fetched or sampled during the run: from a data set on the Hub, from the model, and conversations rendered with its
 * chat template. The real tools process very little text.
 */
const home = temporaryFolder();
const out = join(home, "out");
const demoText = (name: string) => readFileSync(join(import.meta.dirname, "../../recipes/demo/text", name), "utf8");
const evaluation = demoText("evaluation.txt").slice(0, 20_000);
const records = evaluation
  .split("\n\n")
  .map((text) => JSON.stringify({ text }))
  .join("\n");

let hub: Hub;
let commit: string;
let env: Record<string, string>;
let recipe: string;

beforeAll(async () => {
  hub = await Hub.start();
  const archive = zip({ "raw/test.txt": Buffer.from(evaluation) });
  const files = {
    "small.txt": evaluation,
    "deep/records.jsonl": records,
    "texts.zip": archive,
    "large.bin": evaluation,
  };
  commit = hub.create("datasets/org/set").commit({ ...files, "empty.txt": " \n", "binary.txt": "a\0b" });
  env = { HF_ENDPOINT: hub.url, HF_HOME: home, HF_HUB_CACHE: join(home, "hub") };
  recipe = demoCopy(join(home, "demo"));
});
afterAll(() => hub.close());

/** The demo recipe with these texts and the least work that llama.cpp accepts. */
function write(texts: { calibration?: string; evaluation?: string; search?: string }, more = ""): string {
  const lines = {
    calibration: `corpus: ${texts.calibration ?? "./text/calibration.txt"}, chunks: 2, context: 64${more}`,
    search: `corpus: ${texts.search ?? "./text/search.txt"}, chunks: 2`,
    evaluation: `corpus: ${texts.evaluation ?? "./text/evaluation.txt"}, chunks: 4, context: 128`,
  };
  const sections = Object.entries(lines).map(([key, value]) => `${key}: { ${value} }\n`);
  const head = "version: 1\nmodel: { source: ./tiny-llama }\npipeline: preview\n";
  writeFileSync(recipe, `${head}${sections.join("")}variants: [Q8_0]\n`);
  return recipe;
}

const run = (args: string[], extra: Record<string, string> = {}) =>
  quantsmith(["run", recipe, "--out", out, "--json", ...args], { env: { ...env, ...extra } });
async function failure(args: string[] = ["--until", "validate"]) {
  const result = await run(args);
  const { error } = JSON.parse(result.stdout) as {
    error: { code: string; message: string; remedy: string; at?: object };
  };
  expect(error.remedy).not.toBe("");
  return { exitCode: result.exitCode, ...error };
}
/** The newest output with this name of a stage's finished steps. */
function stored(stage: string, file: string): string {
  const folders = readdirSync(join(out, "store")).filter((name) => name.startsWith(`${stage}-`));
  const found = folders
    .map((name) => join(out, "store", name, file))
    .filter((path) => existsSync(path))
    .sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
  return readFileSync(found.at(-1) ?? `no ${file} in ${folders.join(" ")}`, "utf8");
}

describe("texts from the Hub", () => {
  test.each([
    ["a file", "small.txt", "0/small.txt", evaluation],
    ["records", "deep/records.jsonl", "0/records.jsonl", records],
    ["a file in an archive", "texts.zip/raw/test.txt", "0/test.txt", evaluation],
  ])("%s is fetched once, checked, and there offline", async (_what, path, file, content) => {
    write({ evaluation: `"hf:org/set@main/${path}"` });
    const first = await run(["--until", "fetch"]);
    expect(first.exitCode, first.stdout + first.stderr).toBe(0);
    expect(stored("fetch", file) === content).toBe(true);
    expect((await run(["--until", "fetch"], { HF_HUB_OFFLINE: "1" })).exitCode).toBe(0);
    expect(
      hub.requests.filter(({ path: requested }) => requested.includes(`/resolve/${commit}/${path.split(".zip")[0]}`)),
    ).toHaveLength(1);
    expect(existsSync(join(home, "hub", "datasets--org--set", "snapshots", commit))).toBe(true);
    expect(hub.violations).toEqual([]);
  });

  test.each([
    ["a pull request", "refs/pr/3", "refs/pr/3"],
    ["a branch with a slash in its name", "feature%2Fx", "feature/x"],
  ])("a file at %s", async (_what, written, revision) => {
    const set = hub.create("datasets/org/set");
    const content = `${evaluation.slice(500)}${revision}`;
    const changed = set.commit({ "small.txt": content }, revision);
    write({ evaluation: `"hf:org/set@${written}/small.txt"` });
    const first = await run(["--until", "fetch"]);
    expect(first.exitCode, first.stdout + first.stderr).toBe(0);
    expect(stored("fetch", "0/small.txt") === content).toBe(true);
    expect((await run(["--until", "fetch"], { HF_HUB_OFFLINE: "1" })).exitCode).toBe(0);
    expect(hub.requests.map(({ path: requested }) => requested)).toContain(
      `/datasets/org/set/resolve/${changed}/small.txt`,
    );
    expect(hub.violations).toEqual([]);
  });

  test.each([
    ["a missing data set", "hf:org/none@main/a.txt", "QS-HUB-UNAUTHORIZED", 5],
    ["a missing revision", "hf:org/set@v9/small.txt", "QS-HUB-REVISION", 5],
    ["a missing revision with a slash", "hf:org/set@no%2Fbranch/small.txt", "QS-HUB-REVISION", 5],
    ["a revision without a file", "hf:org/set@refs/pr/3", "QS-RECIPE-INVALID", 2],
    ["a missing file", "hf:org/set@main/none.txt", "QS-TEXT-MISSING", 2],
    ["a missing folder", "hf:org/set@main/none/a.txt", "QS-HUB-MISSING", 5],
    ["a parquet file", "hf:org/set@main/data.parquet", "QS-RECIPE-INVALID", 2],
    ["an archive without a file", "hf:org/set@main/texts.zip", "QS-RECIPE-INVALID", 2],
  ])("%s is reported at its line of the recipe", async (_what, text, code, exitCode) => {
    write({ evaluation: `"${text}"` });
    expect(await failure(["--until", "fetch"])).toMatchObject({ code, exitCode, at: { file: recipe, line: 6 } });
  });

  test.each([
    ["another sha256", `small.txt#sha256=${"0".repeat(64)}`, "QS-TEXT-HASH"],
    ["a missing file in the archive", "texts.zip/none.txt", "QS-TEXT-ARCHIVE"],
  ])("%s is reported after the download", async (_what, text, code) => {
    write({ evaluation: `"hf:org/set@main/${text}"` });
    expect(await failure(["--until", "fetch"])).toMatchObject({ code, exitCode: 2 });
    write({ evaluation: `"hf:org/set@${commit}/small.txt#sha256=${sha256(evaluation)}"` });
    expect((await run(["--until", "fetch"])).exitCode).toBe(0);
  });

  test.each(["main", "a commit"])("at %s behind a redirect, it is named in a warning", async (revision) => {
    const repo = hub.create("datasets/org/moved");
    const pinned = repo.commit({ "small.txt": evaluation });
    repo.movedTo = "evil/other";
    write({ evaluation: `"hf:org/moved@${revision === "main" ? revision : pinned}/small.txt"` });
    const { stdout } = await quantsmith(["plan", recipe, "--out", out, "--json"], { env });
    expect(JSON.parse(stdout).warnings).toMatchObject([
      {
        code: "QW-SOURCE-MOVED",
        message:
          'the Hub leads from the data set hf:org/moved to another repository, "evil/other"; its texts are from there',
      },
    ]);
  });

  test("an overlap with the calibration text stops the measurement and shows both places", async () => {
    writeFileSync(join(home, "demo", "text", "copy.txt"), evaluation);
    write({ calibration: "./text/copy.txt", evaluation: '"hf:org/set@main/deep/records.jsonl"' });
    const { code, message } = await failure();
    expect(code).toBe("QS-TEXT-OVERLAP");
    expect(message).toMatch(
      /evaluation text \(hf:org\/set@[0-9a-f]{12}\/deep\/records.jsonl, line \d+\).*calibration text \(copy.txt, line 1\)/,
    );
  });
});

describe("local texts", () => {
  const local = (name: string, content: string) => {
    mkdirSync(join(home, "demo", "text"), { recursive: true });
    writeFileSync(join(home, "demo", "text", name), content);
    return `./text/${name}`;
  };
  test.each([
    ["an empty one", "empty.txt", " \n", "QS-TEXT-EMPTY"],
    ["a binary one", "binary.txt", "a\0b", "QS-TEXT-BINARY"],
    ["records without text", "bad.jsonl", '{"a":1}\n', "QS-TEXT-RECORD"],
    [
      "a passage of the calibration text",
      "part.txt",
      `new\n${demoText("calibration.txt").slice(900, 1200)}`,
      "QS-TEXT-OVERLAP",
    ],
  ])("%s is refused", async (_what, name, content, code) => {
    write({ evaluation: local(name, content) });
    const error = await failure();
    expect(error).toMatchObject({ code, exitCode: 2 });
    expect(existsSync(join(out, "releases")) ? readdirSync(join(out, "releases")) : []).toEqual([]);
  });
});

test("samples a text from the model with a different seed for each use", async () => {
  write({ calibration: "self", evaluation: "self" });
  const result = await run(["--until", "validate"]);
  expect(result.exitCode, result.stdout + result.stderr).toBe(0);
  const [first, second] = [stored("calibrate", "self.txt"), stored("validate", "self.txt")];
  expect(Math.min(first.length, second.length)).toBeGreaterThan(200);
  expect(first.slice(0, 40)).not.toBe(second.slice(0, 40));
  expect(JSON.parse(stored("calibrate", "sample.json")).tokens).toBeGreaterThanOrEqual(147);
  expect(JSON.parse(stored("validate", "texts.json")).texts).toHaveLength(2);
  expect(JSON.parse(stored("validate", "base.json"))).toMatchObject({ corpus: "self-sampled.txt", chunks: 4 });
});

test("measures the bundled chats in the model's template, and the long text by position", async () => {
  write({});
  const texts = [
    "{ name: chat, corpus: default, chunks: 4, context: 128 }",
    "{ name: long, corpus: default, chunks: 2, context: 1024 }",
  ];
  writeFileSync(recipe, readFileSync(recipe, "utf8").replace(/^evaluation: .*$/m, `evaluation: [${texts.join(", ")}]`));
  const result = await run([]);
  expect(result.exitCode, result.stdout + result.stderr).toBe(0);
  const { variants, release } = JSON.parse(result.stdout) as RunReport & { release: string };
  const { chat, long } = variants[0]?.quality?.categories ?? {};
  expect(chat).toMatchObject({ chatTemplate: true, chunks: 4 });
  expect(long?.kldByPosition?.map(({ from, to }) => [from, to])).toEqual([
    [256, 512],
    [512, 1024],
  ]);
  expect(long?.kldByPosition?.[1]?.kldMean).toBe(long?.kldMean);
  const card = readFileSync(join(release, "README.md"), "utf8");
  expect(card).toContain("](./assets/kld-positions.svg)\n\n`chat`: conversations");
});

describe("the chat template", () => {
  test("renders the conversations of `default` with control tokens", async () => {
    write({ calibration: "default" }, ", chatTemplate: true");
    const result = await run(["--until", "calibrate"]);
    expect(result.exitCode, result.stdout + result.stderr).toBe(0);
    expect(JSON.parse(stored("calibrate", "calibrate.json"))).toMatchObject({ chatTemplate: true, chunks: 2 });
    expect(stored("calibrate", "record.json")).toContain("--parse-special");
  });

  test("requires conversations", async () => {
    write({}, ", chatTemplate: true");
    expect(await failure(["--until", "calibrate"])).toMatchObject({ code: "QS-TEXT-CONVERSATION", exitCode: 2 });
  });
});
