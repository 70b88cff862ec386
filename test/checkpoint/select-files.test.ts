import { describe, expect, test } from "vitest";
import { defaultFileSelection, type FileSelection, isSelected } from "../../src/checkpoint/file-selection.js";
import { matchesGlob } from "../../src/checkpoint/glob.js";
import { selectHubFiles } from "../../src/checkpoint/select-hub-files.js";
import { failureOf } from "../fixtures/failure.js";

const indexName = "model.safetensors.index.json";
const shard1 = "model-00001-of-00002.safetensors";
const shard2 = "model-00002-of-00002.safetensors";
const side = ["README.md", "config.json", "tokenizer.json"];

async function select(paths: string[], choice: Partial<FileSelection> = {}, index: unknown = {}) {
  const listing = paths.map((path) => ({ path }));
  const readIndex = async () => Buffer.from(typeof index === "string" ? index : JSON.stringify({ weight_map: index }));
  const { files, weights } = await selectHubFiles(
    "hf:org/model",
    listing,
    { ...defaultFileSelection, ...choice },
    readIndex,
  );
  return { files: files.map(({ path }) => path).sort(), weights: weights.map(({ path }) => path).sort() };
}

describe("downloaded files", () => {
  test("one weight file with its side files", async () => {
    const extra = ["pytorch_model.bin", "modeling_x.py", "onnx/model.onnx", ".gitattributes", "original/params.json"];
    const { files } = await select([...side, ...extra, "model.safetensors", "model.fp32.safetensors"]);
    expect(files).toEqual([...side, "model.safetensors"].sort());
  });

  test("the shards in the index, and no other weights", async () => {
    const index = { a: shard1, b: shard2 };
    const { files, weights } = await select([...side, indexName, shard1, shard2, "model-old.safetensors"], {}, index);
    expect(weights).toEqual([shard1, shard2]);
    expect(files).toEqual([...side, indexName, shard1, shard2].sort());
  });

  test("of a whole file and shards that an index lists without it, the recipe chooses", async () => {
    const index = { a: shard1, b: shard2 };
    const paths = [...side, indexName, shard1, shard2, "model.safetensors"];
    const error = await failureOf(select(paths, {}, index));
    expect([error.code, error.remedy]).toEqual(["QS-FETCH-INDEX", expect.stringContaining("`model.exclude`")]);
    const whole = await select(paths, { exclude: [indexName] }, index);
    expect(whole.files).toEqual([...side, "model.safetensors"].sort());
    expect((await select(paths, { exclude: ["model.safetensors"] }, index)).weights).toEqual([shard1, shard2]);
    const listed = await select(paths, {}, { a: shard1, b: "model.safetensors" });
    expect(listed.weights).toEqual([shard1, "model.safetensors"]);
  });

  test("pickles, of which the recipe chooses in the same way", async () => {
    const names = ["config.json", "pytorch_model-1.bin", "pytorch_model.bin", "pytorch_model.bin.index.json"];
    const error = await failureOf(select(names, { allowUnsafe: true }, { a: "pytorch_model-1.bin" }));
    expect(error.code).toBe("QS-FETCH-INDEX");
  });

  test("the recipe's includes and excludes", async () => {
    const paths = [...side, "model.safetensors", "onnx/a.json", "onnx/b.txt", "extra.safetensors"];
    const { files } = await select(paths, { include: ["onnx/*.json", "extra.*"], exclude: ["README.md"] });
    expect(files).toEqual(["config.json", "extra.safetensors", "model.safetensors", "onnx/a.json", "tokenizer.json"]);
  });

  test("excluding one of two candidates selects the other", async () => {
    const paths = [...side, "model-a.safetensors", "model-b.safetensors"];
    expect((await failureOf(select(paths))).code).toBe("QS-FETCH-INDEX");
    expect((await select(paths, { exclude: ["*-b.*"] })).weights).toEqual(["model-a.safetensors"]);
  });

  test("pickles and programs only with allowUnsafe, and pickles only without safetensors", async () => {
    const unsafe = ["pytorch_model-00001-of-00001.bin", "pytorch_model.bin.index.json", "modeling_x.py"];
    expect((await failureOf(select([...side, ...unsafe]))).code).toBe("QS-FETCH-PICKLE");
    const all = [...side, ...unsafe, "training_args.bin"];
    const { files, weights } = await select(all, { allowUnsafe: true }, { a: unsafe[0] });
    expect(weights).toEqual([unsafe[0]]);
    expect(files).toEqual([...side, ...unsafe].sort());
    const both = await select([...side, ...unsafe, "model.safetensors"], { allowUnsafe: true });
    expect(both.weights).toEqual(["model.safetensors"]);
    expect(both.files).not.toContain(unsafe[0]);
    expect(isSelected("x.bin", { ...defaultFileSelection, include: ["*"] })).toBe(false);
  });

  test("an index of pickles that names other files", async () => {
    const names = ["config.json", "pytorch_model-1.bin", "pytorch_model.bin.index.json"];
    for (const path of ["/home/me/secret.bin", "../secret.bin", "secret.bin", "pytorch_model-2.bin"]) {
      const error = await failureOf(select(names, { allowUnsafe: true }, { a: path }));
      expect([error.code, error.message]).toEqual(["QS-FETCH-INDEX", expect.stringContaining(names[2] ?? "")]);
    }
  });

  test.each([
    ["invalid JSON", "{", "QS-FETCH-INDEX"],
    ["a path", { a: "../x.safetensors" }, "QS-FETCH-INDEX"],
    ["a missing shard", { a: "model-9.safetensors" }, "QS-FETCH-INDEX"],
  ])("an index with %s is rejected before the download", async (_, index, code) => {
    const error = await failureOf(select([...side, indexName, shard1], {}, index));
    expect(error.code).toBe(code);
    expect(error.at?.file).toBe(`hf:org/model/${indexName}`);
  });

  test("a repository without weights", async () => {
    expect((await failureOf(select(side))).code).toBe("QS-FETCH-NO-WEIGHTS");
  });
});

test.each([
  ["a.json", "*.json", true],
  ["x/a.json", "*.json", true],
  ["a.jsonl", "*.json", false],
  ["x/a.json", "x/*.json", true],
  ["x/y/a.json", "x/*.json", false],
  ["x/y/a.json", "x/**/*.json", true],
  ["x/a.json", "x/**/*.json", true],
  ["x/y/a.json", "x/**", true],
  [".hidden/.a.json", ".hidden/*", true],
  ["x/y/a.json", "**/y/*", true],
  ["a.json", "{a,b}.json", false],
  ["a.json", "!b.json", false],
  ["ab", "a?", true],
  ["a", "a?", false],
  ["a+b(1).txt", "a+b(1).txt", true],
  ["axb", "a.b", false],
  ["[x]", "[x]", true],
  ["x", "[x]", false],
  ["ü.txt", "?.txt", true],
])("%s matches %s: %s", (path, glob, expected) => {
  expect(matchesGlob(path, glob)).toBe(expected);
});
