import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cacheFolder } from "../../src/util/cache-folder.js";
import { demoCopy, put, quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/*
 * Each kind of bad input gives its error code, place, remedy and exit code, and leaves no files.
 */
const home = temporaryFolder();
let count = 0;
const folder = () => join(home, `case-${count++}`);

interface Failure {
  error: { code: string; message: string; remedy: string; at?: { file: string; line?: number; column?: number } };
}

async function failing(recipe: string, env: Record<string, string> = {}, out = join(folder(), "out")) {
  const result = await quantsmith(["run", recipe, "--out", out, "--json"], { env });
  const { error } = JSON.parse(result.stdout) as Failure;
  expect(error.message).not.toBe("");
  expect(error.remedy).not.toBe("");
  expect(result.stderr).not.toContain("    at "); // no stack traces
  for (const place of ["releases", "tmp"]) {
    expect(existsSync(join(out, place)) ? readdirSync(join(out, place)) : []).toEqual([]);
  }
  return { exitCode: result.exitCode, ...error };
}

const model = (edit: (model: string) => void) => () => {
  const recipe = demoCopy(folder());
  edit(join(recipe, "..", "tiny-llama"));
  return recipe;
};
const recipeText = (edit: (text: string) => string) => () => demoCopy(folder(), edit);
const shards = (map: Record<string, string>) => (tiny: string) => {
  rmSync(join(tiny, "model.safetensors"));
  put(join(tiny, "model.safetensors.index.json"), JSON.stringify({ weight_map: map }));
};

const bombs = [
  "a: &a [x,x,x,x,x,x,x,x,x]",
  ..."bcdefghi".split("").map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[i]}`).join(",")}]`),
].join("\n");

describe("bad recipes", () => {
  test.each([
    ["missing", () => join(folder(), "none.yaml"), "QS-RECIPE-MISSING"],
    ["empty", recipeText(() => ""), "QS-RECIPE-EMPTY"],
    ["not YAML", recipeText(() => "version: [1\nmodel: }"), "QS-RECIPE-YAML"],
    ["an alias bomb", recipeText((text) => `${text}${bombs}\n`), "QS-RECIPE-YAML"],
    ["an unknown key", recipeText((text) => `${text}gate: {}\n`), "QS-RECIPE-INVALID"],
    ["a wrong type", recipeText((text) => text.replace("[Q8_0]", "7")), "QS-RECIPE-INVALID"],
    ["an unknown preset", recipeText((text) => text.replace("[Q8_0]", "[Q4_K_X]")), "QS-RECIPE-INVALID"],
    ["a duplicate variant", recipeText((text) => text.replace("[Q8_0]", "[Q8_0, q8_0]")), "QS-RECIPE-INVALID"],
    ["an unknown pipeline", recipeText((text) => text.replace("preview", "previw")), "QS-PIPELINE-MISSING"],
    [
      "a variant for a device, with types that are slow there",
      recipeText((text) =>
        text.replace("[Q8_0]", "[{ name: Q3_K_S, dynamic: { device: pixel-9, types: [Q2_K, Q3_K] } }]"),
      ),
      "QS-ALLOCATE-TYPES",
    ],
    [
      "the calibration text as evaluation text",
      recipeText((text) => text.replace("evaluation.txt", "../text/calibration.txt")),
      "QS-RECIPE-INVALID",
    ],
    ["a missing text", recipeText((text) => text.replace("evaluation.txt", "none.txt")), "QS-TEXT-MISSING"],
  ])("%s", async (_what, recipe, code) => {
    const file = recipe();
    const error = await failing(file);
    expect([error.exitCode, error.code]).toEqual([2, code]);
    if (code !== "QS-RECIPE-MISSING") expect(error.at?.file).toBe(file);
    if (["QS-RECIPE-INVALID", "QS-RECIPE-YAML"].includes(code)) expect(error.at?.line).toBeGreaterThan(0);
  });

  test("detects the same text under another name", async () => {
    const recipe = demoCopy(folder(), (text) => text.replace("./text/evaluation.txt", "./text/other.txt"));
    cpSync(join(recipe, "..", "text", "calibration.txt"), join(recipe, "..", "text", "other.txt"));
    expect(await failing(recipe)).toMatchObject({ exitCode: 2, code: "QS-TEXT-OVERLAP", at: { line: 6 } });
  });
});

describe("bad model folders", () => {
  test.each([
    ["no folder", (tiny: string) => rmSync(tiny, { recursive: true }), "QS-FETCH-MISSING"],
    ["no config", (tiny: string) => rmSync(join(tiny, "config.json")), "QS-FETCH-NO-CONFIG"],
    ["no weights", (tiny: string) => rmSync(join(tiny, "model.safetensors")), "QS-FETCH-NO-WEIGHTS"],
    [
      "only a pickle",
      (tiny: string) => {
        rmSync(join(tiny, "model.safetensors"));
        put(join(tiny, "pytorch_model.bin"), "PK");
      },
      "QS-FETCH-PICKLE",
    ],
    [
      "truncated weights",
      (tiny: string) => truncateSync(join(tiny, "model.safetensors"), 5_000_000),
      "QS-FETCH-SAFETENSORS",
    ],
    ["an index with a path outside the folder", shards({ a: "../x.safetensors" }), "QS-FETCH-INDEX"],
    ["an index with a missing shard", shards({ a: "model-00001-of-00001.safetensors" }), "QS-FETCH-INDEX"],
    [
      "an unknown architecture",
      (tiny: string) => {
        const config = join(tiny, "config.json");
        writeFileSync(config, readFileSync(config, "utf8").replace("LlamaForCausalLM", "LlumaForCausalLM"));
      },
      "QS-CONVERT-ARCHITECTURE",
    ],
  ])("%s", async (_what, edit, code) => {
    const recipe = model(edit)();
    const error = await failing(recipe);
    expect([error.exitCode, error.code]).toEqual([2, code]);
    if (code === "QS-FETCH-MISSING") expect(error.at).toMatchObject({ file: recipe, line: 2 });
  });
});

describe("checkpoints that the native converter rejects", () => {
  const config = (change: object) => (tiny: string) => {
    const file = join(tiny, "config.json");
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...change }));
  };
  test.each([
    ["weights whose width differs from config.json", config({ intermediate_size: 770 }), "QS-CONVERT-WEIGHTS"],
    ["a size as text", config({ hidden_size: "256" }), "QS-CONVERT-CONFIG"],
    ["no tokenizer", (tiny: string) => rmSync(join(tiny, "tokenizer.model")), "QS-CONVERT-TOKENIZER"],
    [
      "a Git LFS pointer as tokenizer",
      (tiny: string) => put(join(tiny, "tokenizer.model"), "version https://git-lfs.github.com/spec/v1\n"),
      "QS-LFS-POINTER",
    ],
    ["quantized weights", config({ quantization_config: { quant_method: "gptq", bits: 4 } }), "QS-CONVERT-NATIVE"],
  ])("%s", async (_what, edit, code) => {
    const recipe = demoCopy(folder(), (text) => `${text}convert: { engine: native }\n`);
    edit(join(recipe, "..", "tiny-llama"));
    const error = await failing(recipe);
    expect([error.exitCode, error.code]).toEqual([2, code]);
  });
});

test("plan reports a tokenizer that cannot be converted", async () => {
  const recipe = demoCopy(folder());
  put(join(recipe, "..", "tiny-llama", "tokenizer.model"), "no vocabulary");
  const result = await quantsmith(["plan", recipe, "--out", join(folder(), "out"), "--json"]);
  expect([result.exitCode, (JSON.parse(result.stdout) as Failure).error.code]).toEqual([2, "QS-CONVERT-TOKENIZER"]);
});

describe("bad texts", () => {
  test.each([
    ["calibration", "QS-CALIBRATE-TEXT-SHORT"],
    ["evaluation", "QS-VALIDATE-TEXT-SHORT"],
  ])("a %s text too short for one chunk", async (kind, code) => {
    const recipe = demoCopy(folder());
    put(join(recipe, "..", "text", `${kind}.txt`), "Once upon a time.\n");
    expect(await failing(recipe)).toMatchObject({ exitCode: 2, code });
  });

  test("a Git LFS pointer as text", async () => {
    const recipe = demoCopy(folder());
    put(join(recipe, "..", "text", "calibration.txt"), "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
    expect(await failing(recipe)).toMatchObject({ exitCode: 2, code: "QS-LFS-POINTER" });
  });

  test("a text that is not UTF-8", async () => {
    const recipe = demoCopy(folder());
    put(join(recipe, "..", "text", "calibration.txt"), Buffer.from([0x66, 0xff, 0xfe]));
    expect(await failing(recipe)).toMatchObject({ exitCode: 2, code: "QS-TEXT-ENCODING" });
  });
});

describe("an incomplete environment", () => {
  test("no compiler and no tools", async () => {
    const env = { PATH: folder(), QUANTSMITH_CACHE: folder() };
    expect(await failing(demoCopy(folder()), env)).toMatchObject({ exitCode: 4, code: "QS-TOOL-MISSING" });
  });

  test("no Python although the recipe selects llama.cpp's converter", async () => {
    const cache = folder();
    mkdirSync(cache);
    // The tools exist, so that only Python is missing.
    symlinkSync(join(cacheFolder(), "llama.cpp"), join(cache, "llama.cpp"));
    const env = { PATH: folder(), QUANTSMITH_CACHE: cache };
    const recipe = demoCopy(folder(), (text) => `${text}convert: { engine: upstream }\n`);
    expect(await failing(recipe, env)).toMatchObject({ exitCode: 4, code: "QS-PYTHON-MISSING" });
  });

  test("an output folder without write permission", async () => {
    const file = put(join(folder(), "a-file"), "");
    const result = await quantsmith(["run", demoCopy(folder()), "--out", join(file, "out"), "--json"]);
    expect([result.exitCode, JSON.parse(result.stdout).error.code]).toEqual([4, "QS-ENV-OUTPUT"]);
  });

  test.runIf(process.getuid?.() === 0)("a file system that is too small (needs root to mount one)", async () => {
    const small = folder();
    mkdirSync(small);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8M", "tmpfs", small]);
    try {
      const error = await failing(demoCopy(folder()), {}, join(small, "out"));
      expect(error).toMatchObject({ exitCode: 4, code: "QS-DISK-SPACE" });
    } finally {
      execFileSync("umount", [small]);
    }
  });
});

test("a run that makes no release cannot publish one", async () => {
  const recipe = demoCopy(folder(), (text) => `${text}publish: { repo: "dir:./published" }\n`);
  const result = await quantsmith(["run", recipe, "--out", join(folder(), "out"), "--publish", "--until", "convert"]);
  expect([result.exitCode, result.stderr]).toEqual([2, expect.stringContaining("QS-USAGE: --publish needs a run")]);
});

describe("a command keeps what it was not asked to change", () => {
  test("convert-lora writes no file over another, also under its default name", async () => {
    const work = folder();
    const adapter = put(join(work, "lora", "adapter_model.safetensors"), "weights");
    const byDefault = put(join(work, "lora-LoRA-F16.gguf"), "mine");
    for (const args of [["--out", adapter], []]) {
      const result = await quantsmith(["convert-lora", "lora", "--base", "base", ...args], { cwd: work });
      expect([result.exitCode, result.stderr]).toEqual([2, expect.stringMatching(/^QS-USAGE: .* already exists/)]);
    }
    expect([readFileSync(adapter, "utf8"), readFileSync(byDefault, "utf8")]).toEqual(["weights", "mine"]);
  });

  test("cache gc creates nothing in a folder without a store", async () => {
    const work = folder();
    mkdirSync(work);
    expect((await quantsmith(["cache", "gc", "--keep", "1GB", "--out", work])).exitCode).toBe(2);
    expect(readdirSync(work)).toEqual([]);
  });
});

describe("bad command lines", () => {
  test.each([
    [["run"], 2],
    [["run", "recipes/demo/demo.yaml", "--threads", "many"], 2],
    [["run", "recipes/demo/demo.yaml", "--only", "cook"], 2],
    [["plan", "recipes/demo/demo.yaml", "--variant", "Q9"], 2],
    [["run", "recipes/demo/demo.yaml", "--publish"], 2],
    [["frobnicate"], 2],
    [["schema", "__proto__"], 2],
    [["inspect", "none.gguf"], 2],
    [["publish", "none", "--to", "dir:/tmp/x"], 2],
    [["--help"], 0],
    [["--version"], 0],
  ])("%j ends with %i", async (args, exitCode) => {
    const result = await quantsmith(args);
    expect(result.exitCode).toBe(exitCode);
    expect(`${result.stdout}${result.stderr}`).not.toContain("    at ");
  });

  test("in a current folder that was removed end with a code", () => {
    const gone = folder();
    mkdirSync(gone);
    const command = `rmdir "$PWD"; "${process.execPath}" "${join(process.cwd(), "dist/cli/main.js")}" cache ls`;
    const { status, stderr } = spawnSync("sh", ["-c", command], { cwd: gone, encoding: "utf8" });
    expect([status, stderr]).toEqual([4, expect.stringMatching(/^QS-ENV-FILE: the current folder/)]);
  });
});
