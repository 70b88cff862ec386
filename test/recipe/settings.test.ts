import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { ComputeSection } from "../../src/recipe/compute-schema.js";
import { loadPipeline } from "../../src/recipe/load-pipeline.js";
import { loadRecipe } from "../../src/recipe/load-recipe.js";
import { resolveSettings, type Settings } from "../../src/recipe/settings.js";
import { stageNames } from "../../src/stages/stage.js";
import { packageRoot } from "../../src/util/package-root.js";
import { temporaryFolder, writeMarked } from "./bad-file.js";

const folder = temporaryFolder();

async function settingsOf(text: string, pipeline?: string, compute?: ComputeSection): Promise<Settings> {
  const { path } = writeMarked(folder, "my-recipe.yaml", text);
  if (pipeline !== undefined) writeMarked(folder, "pipe.yaml", pipeline);
  const loaded = await loadRecipe(path);
  return resolveSettings(
    loaded,
    await loadPipeline(loaded, pipeline === undefined ? undefined : join(folder, "pipe.yaml")),
    compute === undefined ? {} : { compute },
  );
}

/** A recipe with most keys. */
const complete = `
version: 1
model: { source: hf:Qwen/Qwen3-4B-Instruct-2507, revision: main, name: Qwen3-4B-Instruct-2507 }
pipeline: release
convert: { outtype: bf16, mmproj: F16, pretokenizer: auto }
calibration: { corpus: [default], chunks: 200, context: 512, chatTemplate: false }
search: { corpus: [default], chunks: 24 }
evaluation: { corpus: [default], chunks: 80, context: 512 }
variants:
  - Q8_0
  - q4_k_m
  - { name: Q6_K_L, preset: Q6_K, tensors: { token_embd: q8_0, output: Q8_0 } }
  - { name: Q4_K_S, dynamic: { sizeOf: Q4_K_M } }
  - { name: Q3_K_M, dynamic: { bitsPerWeight: 3.6 } }
  - { name: IQ4_XS, dynamic: { device: iphone-15-pro, context: 4096 } }
  - { name: Q3_K_S, dynamic: { bytes: 2.4 GB, types: [Q3_K, q4_k, Q6_K] } }
gates: { perplexityRatio: { max: 1.05 }, kldMean: { max: 0.05 }, sameTop: { min: 90 } }
smoke:
  - { prompt: "What is the capital of France?", expect: { matches: "Paris" } }
  - { prompt: "Reply in JSON", expect: { json: true }, system: "Be brief.", maxTokens: 40 }
devices: [iphone-15-pro, pixel-9, rtx-3060-12gb, rtx-3090, m4-pro-24gb]
publish: { repo: me/Qwen3-4B-Instruct-2507-GGUF, private: false, via: branch, stream: true }
`;

test("a recipe with most keys", async () => {
  const settings = await settingsOf(complete);
  expect(settings).toMatchObject({
    name: "my-recipe",
    model: {
      source: { kind: "hub", repo: "Qwen/Qwen3-4B-Instruct-2507", revision: "main" },
      name: "Qwen3-4B-Instruct-2507",
    },
    convert: { engine: "auto", outtype: "bf16", mmproj: ["F16"], pretokenizer: "auto" },
    calibration: { corpus: [{ kind: "default" }], chunks: 200, context: 512, chatTemplate: false },
    smoke: [
      { prompt: "What is the capital of France?", maxTokens: 128, expect: { matches: "Paris" } },
      { prompt: "Reply in JSON", maxTokens: 40, system: "Be brief.", expect: { json: true } },
    ],
    publish: {
      target: { kind: "hub", repo: "me/Qwen3-4B-Instruct-2507-GGUF", private: false, via: "branch" },
      stream: true,
    },
  });
  const iphone = settings.catalog.devices.get("iphone-15-pro");
  expect(settings.variants).toEqual([
    {
      kind: "preset",
      name: "Q8_0",
      path: ["variants", 0],
      preset: "Q8_0",
      tensors: {},
      rounding: "feedback",
      allowRequantize: false,
    },
    {
      kind: "preset",
      name: "Q4_K_M",
      path: ["variants", 1],
      preset: "Q4_K_M",
      tensors: {},
      rounding: "feedback",
      allowRequantize: false,
    },
    {
      kind: "preset",
      name: "Q6_K_L",
      path: ["variants", 2],
      preset: "Q6_K",
      tensors: { token_embd: "Q8_0", output: "Q8_0" },
      rounding: "feedback",
      allowRequantize: false,
    },
    {
      kind: "dynamic",
      rounding: "feedback",
      allowRequantize: false,
      name: "Q4_K_S",
      path: ["variants", 3],
      tensors: {},
      dynamic: { budget: { kind: "sizeOf", preset: "Q4_K_M" } },
    },
    {
      kind: "dynamic",
      rounding: "feedback",
      allowRequantize: false,
      name: "Q3_K_M",
      path: ["variants", 4],
      tensors: {},
      dynamic: { budget: { kind: "bitsPerWeight", bitsPerWeight: 3.6 } },
    },
    {
      kind: "dynamic",
      rounding: "feedback",
      allowRequantize: false,
      name: "IQ4_XS",
      path: ["variants", 5],
      tensors: {},
      dynamic: { budget: { kind: "device", device: iphone, context: 4096, reserveBytes: 0 } },
    },
    {
      kind: "dynamic",
      rounding: "feedback",
      allowRequantize: false,
      name: "Q3_K_S",
      path: ["variants", 6],
      tensors: {},
      dynamic: { budget: { kind: "bytes", bytes: 2_400_000_000 }, types: ["Q3_K", "Q4_K", "Q6_K"] },
    },
  ]);
  expect(Object.entries(settings.origins).filter(([, origin]) => origin !== "recipe")).toEqual([
    ["quantize.engine", "default"],
    ["quantize.rounding", "pipeline"],
    ["model.include", "default"],
    ["model.exclude", "default"],
    ["model.allowUnsafe", "default"],
    ["model.checkWeights", "default"],
    ["stages", "pipeline"],
    ["convert.engine", "default"],
    ["convert.mtp", "default"],
    ["comparators", "default"],
    ["tasks", "default"],
    ["publish.sign", "default"],
    ["publish.removeOld", "default"],
    ["keepIntermediates", "default"],
    ["probes", "pipeline"],
    ["effort", "default"],
    ["concurrency.downloads", "pipeline"],
    ...["device", "gpuLayers", "mainGpu", "tensorSplit", "cpuMoe", "base"].map((key) => [`compute.${key}`, "default"]),
    ["executors", "default"],
  ]);
});

test("`default` is all bundled texts beside others, and that of its name in a category", async () => {
  const corpusOf = async (section: string) => {
    const { evaluation } = await settingsOf(`version: 1\nmodel: { source: hf:org/M }\nvariants: [Q8_0]\n${section}\n`);
    return [evaluation.corpus.length, evaluation.categories.map(({ name, first, texts }) => [name, first, texts])];
  };
  expect(await corpusOf("evaluation: { corpus: [default, ./a.txt] }")).toEqual([7, []]);
  expect(await corpusOf("evaluation: { corpus: default, chunks: 6 }")).toMatchObject([6, { length: 6 }]);
  expect(
    await corpusOf("evaluation: [{ name: code, corpus: [./a.txt, default] }, { name: mine, corpus: default }]"),
  ).toEqual([
    8,
    [
      ["code", 0, 2],
      ["mine", 2, 6],
    ],
  ]);
});

test("the smallest recipe has all settings from the pipeline and the defaults", async () => {
  const settings = await settingsOf(
    "version: 1\nmodel: { source: hf:org/My-Model }\nvariants: [Q4_K_M]\n",
    "version: 1\n",
  );
  expect(settings).toMatchObject({
    model: { source: { kind: "hub", repo: "org/My-Model", revision: "main" }, name: "My-Model", checkWeights: "full" },
    pipeline: { name: "pipe", file: join(folder, "pipe.yaml") },
    stages: [...stageNames],
    convert: { engine: "auto", outtype: "auto", mmproj: ["F16"], pretokenizer: "auto" },
    calibration: { corpus: [{ kind: "default" }], chunks: 200, context: 512, chatTemplate: false },
    search: { corpus: [{ kind: "default" }], chunks: 24 },
    evaluation: {
      corpus: ["prose", "code", "chat", "math", "multilingual", "long"].map((category) => ({
        kind: "default",
        category,
      })),
      categories: [
        ...["prose", "code", "chat", "math", "multilingual"].map((name, first) => ({
          ...{ name, first, texts: 1, chunks: 14, context: 512 },
        })),
        { name: "long", first: 5, texts: 1, chunks: 2, context: 8192 },
      ],
      chunks: 80,
      context: 512,
    },
    gates: {},
    smoke: [
      { prompt: "What is the capital of France?", maxTokens: 128 },
      { prompt: "Hello!", maxTokens: 128 },
    ],
    devices: [],
    probes: "groups",
    effort: "standard",
    concurrency: { downloads: 4 },
  });
  expect("publish" in settings).toBe(false);
  expect(Object.entries(settings.origins).filter(([, origin]) => origin === "recipe")).toEqual([
    ["model.source", "recipe"],
    ["variants", "recipe"],
  ]);
  expect(Object.values(settings.origins)).not.toContain("pipeline");
});

test("devices: option over recipe over pipeline over default, key by key", async () => {
  const settings = await settingsOf(
    "version: 1\nmodel: { source: hf:a/b }\nvariants: [Q8_0]\ncompute: { device: Vulkan1, mainGpu: 1 }\n",
    "version: 1\ncompute: { device: cuda, gpuLayers: 20, mainGpu: 2, tensorSplit: [3, 1] }\n",
    { device: "cpu", gpuLayers: 0 },
  );
  expect(settings.compute).toEqual({
    ...{ device: "cpu", gpuLayers: 0, mainGpu: 1, tensorSplit: [3, 1], cpuMoe: "auto" },
  });
  expect(settings.origins).toMatchObject({
    "compute.device": "option",
    "compute.gpuLayers": "option",
    "compute.mainGpu": "recipe",
    "compute.tensorSplit": "pipeline",
    "compute.cpuMoe": "default",
  });
});

test("recipe over pipeline over default, key by key; a gate is replaced as a whole", async () => {
  const settings = await settingsOf(
    "version: 1\nmodel: { source: hf:a/b }\nvariants: [Q8_0]\nevaluation: { chunks: 7 }\ngates: { kldMean: { min: 0 } }\n",
    "version: 1\nevaluation: { chunks: 9, context: 256 }\ngates: { kldMean: { max: 1 }, sameTop: { min: 90 } }\nprobes: none\n",
  );
  expect(settings.evaluation).toMatchObject({ chunks: 7, context: 256 });
  expect(settings.gates).toEqual({ kldMean: { min: 0 }, sameTop: { min: 90 } });
  expect(settings.origins).toMatchObject({
    "evaluation.chunks": "recipe",
    "evaluation.context": "pipeline",
    "evaluation.corpus": "default",
    "calibration.chunks": "default",
    "gates.kldMean": "recipe",
    "gates.sameTop": "pipeline",
    probes: "pipeline",
  });
});

describe("sources and texts", () => {
  test.each([
    ["./tiny llama", "tiny-llama"],
    ["../x/Modèle-é_1.5/", "Modele-e_1.5"],
    [".//", "recipes"],
    ["hf:org/Qwen3-4B", "Qwen3-4B"],
    ["hf:org/Qwen3-4B@refs/pr/3", "Qwen3-4B"],
    ["/hub/models--acme--Tiny-Chat-5M/snapshots/0123456789abcdef0123456789abcdef01234567", "Tiny-Chat-5M"],
    ["../hub/models--acme--Tiny--Chat/snapshots/main/", "Tiny--Chat"],
    ["/hub/models--gpt2/snapshots/0123456789abcdef0123456789abcdef01234567", "gpt2"],
    ["/hub/models--acme--Tiny-Chat-5M", "Tiny-Chat-5M"],
  ])("the model's name from %s", async (source, name) => {
    const settings = await settingsOf(`version: 1\nmodel: { source: ${JSON.stringify(source)} }\nvariants: [Q8_0]\n`);
    expect(settings.model.name).toBe(name);
    expect(settings.origins["model.name"]).toBe("default");
  });

  test.each([
    ["./Tiny-BF16.gguf", "Tiny"],
    ["../x/Tiny.f16-00001-of-00003.gguf", "Tiny"],
    ["hf:org/x-GGUF/BF16/Tiny-1.5B-bf16-00001-of-00002.gguf@v1", "Tiny-1.5B"],
    ["./gpt-oss-20b-mxfp4.gguf", "gpt-oss-20b"],
    ["./bf16.gguf", "bf16"],
  ])("the model's name from the GGUF file %s", async (source, name) => {
    const settings = await settingsOf(`version: 1\nmodel: { source: "${source}" }\nvariants: [Q8_0]\n`);
    expect(settings.model.name).toBe(name);
  });

  test("a GGUF file in a folder and in a repository", async () => {
    const sourceOf = async (model: string) =>
      (await settingsOf(`version: 1\nmodel: { ${model} }\nvariants: [Q8_0]\n`)).model.source;
    expect(await sourceOf("source: ./m/a.gguf")).toEqual({ kind: "gguf", path: join(folder, "m/a.gguf") });
    const file = { kind: "hub", repo: "a/b", file: "m/c.gguf" };
    expect(await sourceOf("source: hf:a/b/m/c.gguf")).toEqual({ ...file, revision: "main" });
    expect(await sourceOf("source: hf:a/b/m/c.gguf@v1")).toEqual({ ...file, revision: "v1" });
    expect(await sourceOf("source: hf:a/b/m/c.gguf, revision: v2")).toEqual({ ...file, revision: "v2" });
  });

  test.each([
    ["source: hf:a/b", "main", "default"],
    ["source: hf:a/b@v1", "v1", "recipe"],
    ["source: hf:a/b@refs/pr/3", "refs/pr/3", "recipe"],
    ["source: hf:a/b@feature/x", "feature/x", "recipe"],
    ["source: hf:a/b, revision: feature/x", "feature/x", "recipe"],
    ["source: hf:a/b@feature%2Fx, revision: feature/x", "feature/x", "recipe"],
  ])("the revision of { %s }", async (model, revision, origin) => {
    const settings = await settingsOf(`version: 1\nmodel: { ${model} }\nvariants: [Q8_0]\n`);
    expect(settings.model).toMatchObject({ source: { kind: "hub", repo: "a/b", revision }, name: "b" });
    expect(settings.origins["model.revision"]).toBe(origin);
  });

  test.each([
    ["hf:org/set@refs/pr/3/a.txt", "refs/pr/3"],
    ["hf:org/set@feature%2Fx/a.txt", "feature/x"],
  ])("the revision of the text %s", async (text, revision) => {
    const settings = await settingsOf(
      `version: 1\nmodel: { source: hf:a/b }\nvariants: [Q8_0]\nevaluation: { corpus: ${text} }\n`,
    );
    const ref = `org/set@${revision}/a.txt`;
    expect(settings.evaluation.corpus).toMatchObject([{ ref, dataset: "org/set", revision, path: "a.txt" }]);
  });

  test("paths are relative to the recipe", async () => {
    const settings = await settingsOf(
      [
        "version: 1",
        "model: { source: ../m, name: m }",
        "variants: [{ preset: Q8_0, tensors: { ffn_down: F16 } }]",
        "calibration: { corpus: [a.txt, ./b/c.txt, self, hf:org/set@v1/d.txt] }",
        "evaluation: { corpus: /e.txt }",
        "publish: { repo: 'dir:../out' }",
        "",
      ].join("\n"),
    );
    expect(settings.model.source).toEqual({ kind: "local", path: join(folder, "..", "m") });
    expect(settings.calibration.corpus).toEqual([
      { kind: "file", path: join(folder, "a.txt"), name: "a.txt" },
      { kind: "file", path: join(folder, "b", "c.txt"), name: "c.txt" },
      { kind: "self" },
      {
        ...{ kind: "hub", ref: "org/set@v1/d.txt", dataset: "org/set", revision: "v1", path: "d.txt" },
        ...{ member: null, sha256: null },
      },
    ]);
    expect(settings.evaluation.corpus).toEqual([{ kind: "file", path: "/e.txt", name: "e.txt" }]);
    expect(settings.variants[0]).toMatchObject({ name: "Q8_0", tensors: { ffn_down: "F16" } });
    expect(settings.publish).toEqual({
      repo: "dir:../out",
      target: { kind: "dir", path: join(folder, "..", "out") },
      stream: false,
    });
    expect(settings.locate(["calibration", "corpus", 2])).toMatchObject({ line: 4, column: 43 });
  });
});

test("smoke: an empty list disables it, and `endsItself` raises the maximum length", async () => {
  const start = "version: 1\nmodel: { source: hf:a/b }\nvariants: [Q8_0]\n";
  expect((await settingsOf(`${start}smoke: []\n`)).smoke).toEqual([]);
  const long = await settingsOf(`${start}smoke: [{ prompt: a, expect: { endsItself: 300 } }]\n`);
  expect(long.smoke).toEqual([{ prompt: "a", maxTokens: 300, expect: { endsItself: 300 } }]);
});

test("the demo recipe", async () => {
  const loaded = await loadRecipe(fileURLToPath(new URL("recipes/demo/demo.yaml", packageRoot)));
  const settings = resolveSettings(loaded, await loadPipeline(loaded));
  expect(settings.model.source).toEqual({
    kind: "local",
    path: fileURLToPath(new URL("recipes/demo/tiny-llama", packageRoot)),
  });
  expect(settings.pipeline.name).toBe("demo");
  expect(settings.variants.map(({ name }) => name)).toEqual(["Q8_0", "Q4_K_M", "Q3_K_M"]);
  expect(settings.smoke.map(({ expect: expectation }) => expectation?.matches)).toEqual(["Paris", "Spain", "cold"]);
  expect(settings).toMatchObject({ calibration: { chunks: 40 }, search: { chunks: 8 }, evaluation: { chunks: 40 } });
});
