import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkSnapshot } from "../../src/checkpoint/check-snapshot.js";
import { defaultFileSelection, type FileSelection } from "../../src/checkpoint/file-selection.js";
import type { ErrorCode } from "../../src/util/error-codes.js";
import { failureOf } from "../fixtures/failure.js";
import { buildSafetensors } from "../fixtures/safetensors-builder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const base = temporaryFolder();
const tinyLlama = join(import.meta.dirname, "../../recipes/demo/tiny-llama");
/** Embedding, six layers of attention, feed-forward and two norms, final norm; computed from config.json. */
const tinyParameters = 4096 * 256 + 6 * (2 * 256 * 256 + 2 * 128 * 256 + 3 * 768 * 256 + 2 * 256) + 256;
const config = JSON.stringify({ architectures: ["LlamaForCausalLM"], hidden_size: 4 });
const weights = buildSafetensors({ a: [4, 2], b: [3] });
const indexName = "model.safetensors.index.json";
const shard1 = "model-00001-of-00002.safetensors";
const shard2 = "model-00002-of-00002.safetensors";

type Files = Record<string, string | Buffer>;

function folderWith(files: Files, parent = base): string {
  const folder = mkdtempSync(join(parent, "model-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

function index(weightMap: unknown): string {
  return JSON.stringify({ metadata: {}, weight_map: weightMap });
}

const sharded: Files = {
  "config.json": config,
  [shard1]: buildSafetensors({ a: [4] }),
  [shard2]: buildSafetensors({ b: [2], c: [2] }),
  [indexName]: index({ a: shard1, b: shard2, c: shard2 }),
};

describe("complete checkpoints", () => {
  test("files that the system left behind are no weights", async () => {
    const leftovers = { "._model.safetensors": "x", "._tokenizer.model": "x", "desktop.ini": "x" };
    const folder = folderWith({ "config.json": config, "model.safetensors": weights, ...leftovers });
    const { files } = await checkSnapshot(folder);
    expect(files.map(({ path }) => path)).toEqual(["config.json", "model.safetensors"]);
  });

  test("the demo model", async () => {
    const snapshot = await checkSnapshot(tinyLlama);
    expect(snapshot).toMatchObject({
      dir: tinyLlama,
      architecture: "LlamaForCausalLM",
      parameters: tinyParameters,
      tensorBytes: 2 * tinyParameters,
      weights: ["model.safetensors"],
    });
    expect(snapshot.config.num_hidden_layers).toBe(6);
    const names = snapshot.files.map(({ path }) => path);
    expect(names).toEqual(expect.arrayContaining(["config.json", "model.safetensors", "tokenizer.model"]));
    expect(snapshot.files.find(({ path }) => path === "model.safetensors")?.size).toBe(8 + 6040 + 2 * tinyParameters);
  });

  test("shards with their index; other files are skipped", async () => {
    const folder = folderWith({
      ...sharded,
      "consolidated.safetensors": "not even safetensors",
      "extra.safetensors": "nor this",
      "modeling_evil.py": "raise SystemExit",
      "pytorch_model.bin": "pickle",
      "tokenizer.json": "{}",
      LICENSE: "text",
    });
    mkdirSync(join(folder, "onnx"));
    const snapshot = await checkSnapshot(folder);
    expect(snapshot.weights).toEqual([shard1, shard2]);
    expect(snapshot.parameters).toBe(8);
    expect(snapshot.files.map(({ path }) => path)).toEqual([
      "LICENSE",
      "config.json",
      shard1,
      shard2,
      indexName,
      "tokenizer.json",
    ]);
  });

  test("a single weight file of another name, and a configuration with Python's Infinity", async () => {
    const text = '{"architectures":["Mamba2ForCausalLM"],"time_step_limit":[0.0,Infinity],"note":"-Infinity NaN \\""}';
    const snapshot = await checkSnapshot(folderWith({ "config.json": text, "model.fp16.safetensors": weights }));
    expect(snapshot.weights).toEqual(["model.fp16.safetensors"]);
    expect(snapshot.config).toMatchObject({ time_step_limit: [0, null], note: '-Infinity NaN "' });
  });

  test("a snapshot in a Hugging Face cache, with links to blobs", async () => {
    const repo = mkdtempSync(join(base, "models--me--tiny-"));
    const blobs = join(repo, "blobs");
    const snapshot = join(repo, "snapshots", "0123abcd");
    cpSync(tinyLlama, blobs, { recursive: true });
    mkdirSync(snapshot, { recursive: true });
    for (const name of ["config.json", "model.safetensors", "tokenizer.model"]) {
      symlinkSync(join("..", "..", "blobs", name), join(snapshot, name));
    }
    expect((await checkSnapshot(snapshot)).files.map(({ path }) => path)).toContain("tokenizer.model");
    expect((await checkSnapshot(snapshot)).parameters).toBe(tinyParameters);
    writeFileSync(join(repo, "secret"), "x");
    rmSync(join(snapshot, "tokenizer.model"));
    symlinkSync(join("..", "..", "secret"), join(snapshot, "tokenizer.model"));
    expect((await failureOf(checkSnapshot(snapshot))).code).toBe("QS-FETCH-LINK");
  });

  test("a link to a folder, with spaces and non-Latin letters in its name", async () => {
    const link = join(base, "mein Modell ü 模型");
    symlinkSync(folderWith(sharded), link);
    expect((await checkSnapshot(link)).weights).toEqual([shard1, shard2]);
  });
});

describe("unusable folders", () => {
  const model = { "config.json": config, "model.safetensors": weights };
  const deep = `{"architectures":["X"],"a":${"[".repeat(200)}${"]".repeat(200)}}`;

  const cases: [what: string, code: ErrorCode, files: Files, file: string][] = [
    ["empty", "QS-FETCH-NO-CONFIG", {}, "config.json"],
    ["weights without config.json", "QS-FETCH-NO-CONFIG", { "model.safetensors": weights }, "config.json"],
    ["a configuration of invalid JSON", "QS-FETCH-CONFIG", { ...model, "config.json": "{" }, "config.json"],
    ["a configuration of quotes", "QS-FETCH-CONFIG", { ...model, "config.json": '\\"'.repeat(500_000) }, "config.json"],
    ["a list as configuration", "QS-FETCH-CONFIG", { ...model, "config.json": "[]" }, "config.json"],
    ["a configuration without architectures", "QS-FETCH-CONFIG", { ...model, "config.json": "{}" }, "config.json"],
    [
      "an empty list of architectures",
      "QS-FETCH-CONFIG",
      { ...model, "config.json": '{"architectures":[]}' },
      "config.json",
    ],
    ["a numeric architecture", "QS-FETCH-CONFIG", { ...model, "config.json": '{"architectures":[1]}' }, "config.json"],
    ["a deeply nested configuration", "QS-FETCH-CONFIG", { ...model, "config.json": deep }, "config.json"],
    [
      "a huge configuration",
      "QS-FETCH-CONFIG",
      { ...model, "config.json": Buffer.alloc(5_000_000, " ") },
      "config.json",
    ],
    [
      "a configuration of invalid UTF-8",
      "QS-FETCH-CONFIG",
      { ...model, "config.json": Buffer.from([0xff]) },
      "config.json",
    ],
    ["no weights", "QS-FETCH-NO-WEIGHTS", { "config.json": config }, ""],
    ["weights without values", "QS-FETCH-NO-WEIGHTS", { ...model, "model.safetensors": buildSafetensors({}) }, ""],
    ["only adapter weights", "QS-FETCH-ADAPTER", { "config.json": config, "adapter_model.safetensors": weights }, ""],
    [
      "only pytorch_model.bin",
      "QS-FETCH-PICKLE",
      { "config.json": config, "pytorch_model.bin": "x" },
      "pytorch_model.bin",
    ],
    [
      "only consolidated.00.pth",
      "QS-FETCH-PICKLE",
      { "config.json": config, "consolidated.00.pth": "x" },
      "consolidated.00.pth",
    ],
    ["only model.pt", "QS-FETCH-PICKLE", { "config.json": config, "model.pt": "x" }, "model.pt"],
    [
      "truncated weights",
      "QS-FETCH-SAFETENSORS",
      { ...model, "model.safetensors": weights.subarray(0, -1) },
      "model.safetensors",
    ],
    [
      "a truncated shard",
      "QS-FETCH-SAFETENSORS",
      { ...sharded, [shard2]: buildSafetensors({ b: [2], c: [2] }).subarray(0, -1) },
      shard2,
    ],
    ["a lone shard without index", "QS-FETCH-INDEX", { "config.json": config, [shard1]: weights }, indexName],
    [
      "two candidates without index",
      "QS-FETCH-INDEX",
      { "config.json": config, "model-a.safetensors": weights, "model-b.safetensors": weights },
      indexName,
    ],
    ["an index of invalid JSON", "QS-FETCH-INDEX", { ...sharded, [indexName]: "{" }, indexName],
    ["a list as index", "QS-FETCH-INDEX", { ...sharded, [indexName]: "[]" }, indexName],
    ["an index without weight_map", "QS-FETCH-INDEX", { ...sharded, [indexName]: "{}" }, indexName],
    ["an empty weight_map", "QS-FETCH-INDEX", { ...sharded, [indexName]: index({}) }, indexName],
    ["a list as weight_map", "QS-FETCH-INDEX", { ...sharded, [indexName]: index([shard1]) }, indexName],
    ["a numeric shard name", "QS-FETCH-INDEX", { ...sharded, [indexName]: index({ a: 1 }) }, indexName],
    ["a missing shard", "QS-FETCH-INDEX", { ...sharded, [indexName]: index({ a: "model-9.safetensors" }) }, indexName],
    [
      "a missing shard beside model.safetensors",
      "QS-FETCH-INDEX",
      { ...model, [indexName]: index({ a: shard1 }) },
      indexName,
    ],
    [
      "a tensor missing from the shards",
      "QS-FETCH-INDEX",
      { ...sharded, [indexName]: index({ a: shard1, b: shard2, c: shard2, d: shard2 }) },
      indexName,
    ],
    [
      "a tensor missing from the index",
      "QS-FETCH-INDEX",
      { ...sharded, [indexName]: index({ a: shard1, b: shard2 }) },
      indexName,
    ],
    [
      "a tensor in another shard",
      "QS-FETCH-INDEX",
      { ...sharded, [indexName]: index({ a: shard1, b: shard1, c: shard2 }) },
      indexName,
    ],
    [
      "a tensor in both shards",
      "QS-FETCH-INDEX",
      { ...sharded, [shard1]: buildSafetensors({ a: [4], b: [2] }) },
      indexName,
    ],
    ...[
      "../x.safetensors",
      "/etc/x.safetensors",
      "sub/x.safetensors",
      "..\\x.safetensors",
      "..",
      ".",
      "",
      "model.safetensors\0",
      "C:x.safetensors",
      "config.json",
      "model.bin",
    ].map((name): [string, ErrorCode, Files, string] => [
      `an index naming ${JSON.stringify(name)}`,
      "QS-FETCH-INDEX",
      { ...sharded, [indexName]: index({ a: name }) },
      indexName,
    ]),
  ];

  test.each(cases)("%s: %s", async (_, code, files, file) => {
    const folder = folderWith(files);
    const error = await failureOf(checkSnapshot(folder));
    expect(error.code).toBe(code);
    expect(error.at).toEqual({ file: file === "" ? folder : join(folder, file) });
  });

  test("too many shards", async () => {
    const names = Array.from({ length: 10_001 }, (_, i) => `model-${i}.safetensors`);
    const files: Files = {
      "config.json": config,
      [indexName]: index(Object.fromEntries(names.map((name) => [name, name]))),
    };
    for (const name of names) files[name] = "";
    const error = await failureOf(checkSnapshot(folderWith(files)));
    expect(error.code).toBe("QS-FETCH-INDEX");
    expect(error.message).toContain("10001 shards");
  });

  test("a missing folder, and a file instead of a folder", async () => {
    const error = await failureOf(checkSnapshot(join(base, "absent")));
    // Without a place, so that the caller adds the line of the recipe.
    expect(error).toMatchObject({ code: "QS-FETCH-MISSING", at: undefined });
    expect(error.message).toBe(`cannot read the model folder ${join(base, "absent")}: no such file or folder`);
    expect((await failureOf(checkSnapshot(join(tinyLlama, "config.json")))).code).toBe("QS-FETCH-MISSING");
  });

  test.each([
    ["config.json", model],
    ["tokenizer.json", model],
    ["model.safetensors", model],
    [shard2, sharded],
  ])("%s as a link out of the folder, as a broken link, and as a folder", async (name, files) => {
    const outside = join(folderWith({ target: files[name as keyof typeof files] ?? "{}" }), "target");
    const folder = folderWith(files);
    for (const target of [outside, join(base, "absent"), "..", "."]) {
      rmSync(join(folder, name), { force: true });
      symlinkSync(target, join(folder, name));
      const error = await failureOf(checkSnapshot(folder));
      expect(error.code, target).toBe("QS-FETCH-LINK");
      expect(error.at).toEqual({ file: join(folder, name) });
    }
    rmSync(join(folder, name));
    mkdirSync(join(folder, name));
    expect((await failureOf(checkSnapshot(folder))).code).toBe("QS-FETCH-LINK");
  });

  test("a link to a hidden file in the folder is rejected, since a clone's .git/config can contain credentials", async () => {
    const folder = folderWith(model);
    mkdirSync(join(folder, ".git"));
    writeFileSync(join(folder, ".git", "config"), "{}");
    symlinkSync(".git/config", join(folder, "chat_template.jinja"));
    const error = await failureOf(checkSnapshot(folder));
    expect([error.code, error.message]).toEqual(["QS-FETCH-LINK", expect.stringContaining("points to a hidden file")]);
  });

  test("a link to a folder whose name starts with the model folder's name is rejected", async () => {
    const folder = folderWith(model);
    mkdirSync(`${folder}-other`);
    writeFileSync(join(`${folder}-other`, "tokenizer.json"), "{}");
    symlinkSync(join(`${folder}-other`, "tokenizer.json"), join(folder, "tokenizer.json"));
    expect((await failureOf(checkSnapshot(folder))).code).toBe("QS-FETCH-LINK");
  });
});

describe("a recipe's choice of files", () => {
  const files = { "config.json": config, "model.safetensors": weights, "README.md": "x", "notes.txt": "y" };
  const namesOf = async (folder: string, choice: Partial<FileSelection>) =>
    (await checkSnapshot(folder, { ...defaultFileSelection, ...choice })).files.map(({ path }) => path);

  test("includes and excludes files", async () => {
    const folder = folderWith(files);
    expect(await namesOf(folder, {})).toEqual(["README.md", "config.json", "model.safetensors"]);
    const chosen = await namesOf(folder, { include: ["*.txt"], exclude: ["README*"] });
    expect(chosen).toEqual(["config.json", "model.safetensors", "notes.txt"]);
  });

  test("allowUnsafe accepts pickles, unopened, and lists files that can run code", async () => {
    const folder = folderWith({
      "config.json": config,
      "pytorch_model.bin": Buffer.alloc(2000),
      "modeling_x.py": "raise SystemExit",
    });
    expect((await failureOf(checkSnapshot(folder))).code).toBe("QS-FETCH-PICKLE");
    const snapshot = await checkSnapshot(folder, { ...defaultFileSelection, allowUnsafe: true });
    expect(snapshot).toMatchObject({ weights: ["pytorch_model.bin"], parameters: 1000, tensorBytes: 2000 });
    expect(snapshot.unsafe).toEqual(["modeling_x.py", "pytorch_model.bin"]);
    expect((await checkSnapshot(folderWith(files), { ...defaultFileSelection, allowUnsafe: true })).unsafe).toEqual([]);
  });

  test("pickles are those of their index, which names no file elsewhere", async () => {
    const choice = { ...defaultFileSelection, allowUnsafe: true };
    const pickles = (shard: string) => ({
      ...{ "config.json": config, "pytorch_model-1.bin": Buffer.alloc(2000), "pytorch_model-old.bin": "x" },
      "pytorch_model.bin.index.json": index({ a: shard }),
    });
    const { weights } = await checkSnapshot(folderWith(pickles("pytorch_model-1.bin")), choice);
    expect(weights).toEqual(["pytorch_model-1.bin"]);
    const elsewhere = join(folderWith({ "pytorch_model.bin": "secret" }), "pytorch_model.bin");
    const error = await failureOf(checkSnapshot(folderWith(pickles(elsewhere)), choice));
    expect([error.code, error.at?.file]).toEqual([
      "QS-FETCH-INDEX",
      expect.stringMatching(/pytorch_model\.bin\.index\.json$/),
    ]);
  });
});

describe("adapters and wrapped models", () => {
  const adapter = { "adapter_config.json": "{}", "adapter_model.safetensors": weights };

  test.each<[string, Files]>([
    ["with config.json", { ...adapter, "config.json": config }],
    ["without config.json", adapter],
    ["as pickle", { "adapter_config.json": "{}", "adapter_model.bin": "x", "config.json": config }],
  ])("an adapter %s", async (_what, files) => {
    const error = await failureOf(checkSnapshot(folderWith(files)));
    expect(error).toMatchObject({ code: "QS-FETCH-ADAPTER", remedy: expect.stringContaining("convert-lora") });
  });

  test("of an adapter beside a model's weights, only the configuration is in the snapshot, for a warning", async () => {
    const folder = folderWith({ ...adapter, "config.json": config, "model.safetensors": weights });
    const pathsOf = async (exclude: string[]) =>
      (await checkSnapshot(folder, { ...defaultFileSelection, exclude })).files.map(({ path }) => path);
    expect(await pathsOf([])).toEqual(["adapter_config.json", "config.json", "model.safetensors"]);
    expect(await pathsOf(["adapter_config.json"])).toEqual(["config.json", "model.safetensors"]);
  });

  test.each([
    ["_orig_mod.model.norm.weight", "torch.compile"],
    ["model._orig_mod.norm.weight", "torch.compile"],
    ["module.model.norm.weight", "DistributedDataParallel"],
    ["model.layers.0._fsdp_wrapped_module.mlp.weight", "FSDP"],
    ["model.layers.0.self_attn.q_proj.base_layer.weight", "PEFT"],
    ["base_model.model.model.norm.weight", "PEFT"],
  ])("%s", async (name, what) => {
    const shape = { "model.safetensors": buildSafetensors({ [name]: [4] }) };
    const error = await failureOf(checkSnapshot(folderWith({ "config.json": config, ...shape })));
    expect(error).toMatchObject({ code: "QS-FETCH-WRAPPED", message: expect.stringContaining(what) });
  });

  test("published models that contain adapters", async () => {
    const phi = JSON.stringify({ architectures: ["Phi4MMForCausalLM"] });
    const tensors = { "model.layers.0.mlp.down_proj.base_layer.weight": [4] };
    const folder = folderWith({ "config.json": phi, "model.safetensors": buildSafetensors(tensors) });
    expect((await checkSnapshot(folder)).parameters).toBe(4);
  });
});

test("of a whole file and shards of other weights, the recipe chooses, also if a shard is missing", async () => {
  const folder = folderWith({ ...sharded, "model.safetensors": weights });
  const failure = { code: "QS-FETCH-INDEX", remedy: expect.stringContaining(`${indexName} to \`model.exclude\``) };
  expect(await failureOf(checkSnapshot(folder))).toMatchObject(failure);
  const shards = await checkSnapshot(folder, { ...defaultFileSelection, exclude: ["model.safetensors"] });
  expect(shards.weights).toEqual([shard1, shard2]);
  rmSync(join(folder, shard1));
  expect(await failureOf(checkSnapshot(folder))).toMatchObject(failure);
  const whole = await checkSnapshot(folder, { ...defaultFileSelection, exclude: [indexName] });
  expect(whole.files.map(({ path }) => path)).toEqual(["config.json", "model.safetensors"]);
});

test.each(["config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors"])(
  "a Git LFS pointer as %s",
  async (name) => {
    const pointer = "version https://git-lfs.github.com/spec/v1\r\noid sha256:00\r\nsize 1\r\n";
    const folder = folderWith({ "config.json": config, "model.safetensors": weights, [name]: pointer });
    expect(await failureOf(checkSnapshot(folder))).toMatchObject({
      code: "QS-LFS-POINTER",
      message: expect.stringContaining(name),
    });
  },
);

test("a snapshot has the named chat templates and the pooling in its subfolders", async () => {
  const folder = folderWith({ "config.json": config, "model.safetensors": weights });
  for (const inner of ["additional_chat_templates", "1_Pooling", "2_Dense"]) mkdirSync(join(folder, inner));
  writeFileSync(join(folder, "additional_chat_templates", "tool_use.jinja"), "T");
  writeFileSync(join(folder, "1_Pooling", "config.json"), "{}");
  writeFileSync(join(folder, "2_Dense", "config.json"), "{}");
  expect((await checkSnapshot(folder)).files.map(({ path }) => path)).toEqual([
    ...["1_Pooling/config.json", "additional_chat_templates/tool_use.jinja", "config.json", "model.safetensors"],
  ]);
  symlinkSync("/etc/passwd", join(folder, "additional_chat_templates", "evil.jinja"));
  expect(await failureOf(checkSnapshot(folder))).toMatchObject({ code: "QS-FETCH-LINK" });
});
