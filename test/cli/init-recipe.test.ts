import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { draftRecipe } from "../../src/cli/init/draft-recipe.js";
import { initRecipe } from "../../src/cli/init/init-recipe.js";
import { type ModelOutline, outlineModel } from "../../src/cli/init/model-outline.js";
import { readModel } from "../../src/cli/init/read-model.js";
import { loadSettings, preparePlan } from "../../src/cli/prepare-plan.js";
import { loadCatalog } from "../../src/recipe/catalog/load-catalog.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { sha256 } from "../../src/util/sha256.js";
import { type CheckpointFixture, checkpointFiles, checkpointFixtures } from "../fixtures/checkpoint.js";
import { demoFolder } from "../fixtures/cli.js";
import { failureOf } from "../fixtures/failure.js";
import { wholeSource, writeSplits } from "../fixtures/gguf-source.js";
import { useModelHub } from "../fixtures/model-hub.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const home = temporaryFolder();
const digests = new DigestCache();

const hub = useModelHub(home);
const [someModel] = checkpointFixtures as [CheckpointFixture];

async function draft(what: string, file: string): Promise<string> {
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
  await initRecipe(what, { out: file }).finally(() => vi.restoreAllMocks());
  return readFileSync(file, "utf8");
}

/** Returns the names of variants by device. */
async function devicesOf(file: string): Promise<Record<string, string>> {
  const { variants } = await loadSettings(file);
  return Object.fromEntries(
    variants.flatMap((variant) => {
      if (variant.kind !== "dynamic" || variant.dynamic.budget.kind !== "device") return [];
      return [[variant.dynamic.budget.device.id, variant.name]];
    }),
  );
}

test.each(checkpointFixtures)(
  "a recipe for $repo passes its check and can be planned",
  async ({ name, repo, parameters }) => {
    const file = join(home, `${name}.yaml`);
    const text = await draft(repo, file);
    const settings = await loadSettings(file);
    expect(settings.model.source).toMatchObject({ kind: "hub", repo });
    expect(settings.calibration.chatTemplate).toBe(true);
    const plan = await preparePlan(settings, { out: home }, digests);
    expect(plan.steps.map(({ id }) => id)).toContain("smoke:Q4_K_M");
    const outline = await readModel(`hf:${repo}`, home);
    expect(outline.parameters).toBe(parameters);
    expect(text.includes("chunks: 400")).toBe(repo.includes("30B-A3B"));
    expect(text.includes("maxTokens: 2048")).toBe(repo.includes("Thinking"));
  },
);

test("texts of a model on the Hub are pinned by commit and sha256, with size and licence", async () => {
  const said: string[] = [];
  const file = join(home, "pinned.yaml");
  vi.spyOn(process.stdout, "write").mockImplementation((text) => said.push(String(text)) > 0);
  await initRecipe(someModel.repo, { out: file }).finally(() => vi.restoreAllMocks());
  const text = readFileSync(file, "utf8");
  const pin = (name: string) =>
    `hf:froggeric/imatrix@4cb52cf0af4ba963fca22a083efac534d13b873d/${name}.txt#sha256=${sha256(`${name}\n`)}`;
  const { calibration, evaluation } = parse(text);
  expect(calibration.corpus).toEqual([pin("groups_merged"), "default"]);
  expect(evaluation).toEqual([
    { name: "wikitext", corpus: expect.stringMatching(/^hf:ggml-org\/ci@[0-9a-f]{40}\/.*#sha256=ef7edb566e3e/) },
    { name: "code", corpus: pin("code") },
    { name: "multilingual", corpus: pin("multilingual") },
  ]);
  expect(text).toContain("# Code in many programming languages: froggeric/imatrix, 5 B, licence mit\n");
  expect(text).toContain(": ggml-org/ci, 4.72 MB, licence not stated\n");
  expect(said.join("")).toMatch(
    /A run downloads the weights \([\d.]+ [MG]B\) and these texts:\n {2}froggeric\/imatrix, 14 B/,
  );
  const { steps } = await preparePlan(await loadSettings(file), { out: home }, digests);
  expect(steps.map(({ id }) => id)).toEqual(
    expect.arrayContaining(["fetch:calibration-text", "fetch:evaluation-text", "validate:texts", "validate:Q8_0:code"]),
  );
});

test("texts that the Hub does not have are replaced by bundled ones, which the command says", async () => {
  const said: string[] = [];
  const file = join(home, "bundled.yaml");
  const texts = hub().create("datasets/froggeric/imatrix");
  texts.access = "private";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => said.push(String(text)) > 0);
  await initRecipe(someModel.repo, { out: file }).finally(() => {
    vi.restoreAllMocks();
    texts.access = "public";
  });
  const { calibration, evaluation } = parse(readFileSync(file, "utf8"));
  expect([calibration.corpus, evaluation]).toEqual(["default", { corpus: "default" }]);
  expect(said.join("")).toMatch(/the bundled ones are drafted: .*froggeric\/imatrix/);
});

describe("a recipe for a GGUF file", () => {
  test("in a folder", async () => {
    const folder = join(home, "gguf");
    mkdirSync(folder);
    writeFileSync(join(folder, "Tiny-BF16.gguf"), wholeSource());
    const file = join(folder, "tiny.yaml");
    await draft(join(folder, "Tiny-BF16.gguf"), file);
    const { model, calibration, search, evaluation } = await loadSettings(file);
    expect(model).toMatchObject({ source: { kind: "gguf" }, name: "Tiny" });
    expect(calibration.chatTemplate).toBe(true);
    // Without a network.
    const texts = [calibration, search, evaluation].flatMap(({ corpus }) => corpus);
    expect(new Set(texts.map(({ kind }) => kind))).toEqual(new Set(["default"]));
    expect(await readModel(join(folder, "Tiny-BF16.gguf"), folder)).toMatchObject({
      ...{ source: "./Tiny-BF16.gguf", architecture: "llama", parameters: 96, weightBytes: 256, contextLength: 2048 },
      ...{ cacheBytesPerToken: null, mixture: false, chat: "plain" },
    });
  });

  test("on the Hub, in splits of which only the first header is read, is planned", async () => {
    const folder = join(home, "hub-gguf");
    mkdirSync(folder);
    const names = writeSplits(folder);
    const files = Object.fromEntries(names.map((name) => [`BF16/${name}`, readFileSync(join(folder, name))]));
    const commit = hub()
      .create("org/tiny-GGUF")
      .commit({ ...files, "m-Q4_K_M.gguf": "x", "README.md": "# Tiny" });
    const file = join(folder, "tiny.yaml");
    await draft(`hf:org/tiny-GGUF/BF16/${names[0]}`, file);
    const settings = await loadSettings(file);
    expect(settings.model.source).toMatchObject({ kind: "hub", repo: "org/tiny-GGUF", file: `BF16/${names[0]}` });
    const { convert, steps, report } = await preparePlan(settings, { out: home }, digests);
    expect(convert.engine).toBe("none");
    expect(steps.find(({ id }) => id === "fetch")?.params).toMatchObject({
      commit,
      gguf: Object.keys(files),
      files: [...Object.keys(files), "README.md"].map((path) => ({ path })),
    });
    expect(report.params.lock).toMatchObject({ model: { source: `hf:org/tiny-GGUF/BF16/${names[0]}`, commit } });
    expect(hub().requests.filter(({ path }) => path.endsWith(names[1] ?? ""))).toEqual([]);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    const offline = await failureOf(preparePlan(settings, { out: home }, digests));
    vi.stubEnv("HF_HUB_OFFLINE", undefined);
    expect(offline.code).toBe("QS-HUB-OFFLINE");
  });
});

test.each(["refs/pr/3", "feature/x", "v1"])("a recipe for a model at the revision %s", async (revision) => {
  const { repo } = someModel;
  const commit = hub().create(repo).commit(checkpointFiles(someModel), revision);
  for (const what of [`hf:${repo}@${revision}`, `${repo}@${revision}`]) {
    const file = join(home, `${commit}.yaml`);
    const text = await draft(what, file);
    expect(parse(text).model).toEqual({ source: `hf:${repo}@${revision}` });
    const settings = await loadSettings(file);
    expect(settings.model).toMatchObject({ source: { kind: "hub", repo, revision }, name: repo.split("/")[1] });
    const { lock } = (await preparePlan(settings, { out: home }, digests)).report.params;
    expect(lock.model).toMatchObject({ source: `hf:${repo}`, commit });
    rmSync(file);
  }
});

test("a drafted recipe's file is named after the model, without its revision", async () => {
  const { repo } = someModel;
  hub().create(repo).commit(checkpointFiles(someModel), "refs/pr/4");
  const folder = join(home, "named after");
  mkdirSync(folder);
  const before = process.cwd();
  process.chdir(folder);
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
  await initRecipe(`${repo}@refs/pr/4`, {}).finally(() => {
    vi.restoreAllMocks();
    process.chdir(before);
  });
  expect(readdirSync(folder)).toEqual([`${repo.split("/")[1]?.toLowerCase()}.yaml`]);
});

test.each(["hf:me/model@", "hf:me/model@../x", "hf:model", "me/model@a b"])("%s is not a model", async (what) => {
  const { code, remedy } = await failureOf(draft(what, join(home, "none.yaml")));
  expect(code).toBe("QS-USAGE");
  expect(remedy).toContain("hf:org/name@revision");
});

test("an unknown revision", async () => {
  const error = await failureOf(draft(`${someModel.repo}@no/branch`, join(home, "none.yaml")));
  expect(error).toMatchObject({ code: "QS-HUB-REVISION", message: expect.stringContaining("no/branch") });
  expect(error.remedy).toContain(`${someModel.repo}/tree/main`);
});

test("variants are drafted for devices that fit weights and KV cache", async () => {
  const devices = (name: string) => devicesOf(join(home, `${name}.yaml`));
  expect(await devices("smollm2-135m-instruct")).toEqual({});
  expect(await devices("qwen3-4b-instruct-2507")).toEqual({
    "iphone-15-pro": "Q3_K_M",
    "pixel-9": "IQ4_XS",
  });
  expect(Object.keys(await devices("qwen3-coder-30b-a3b-instruct"))).toEqual(["m4-pro-24gb", "rtx-3090"]);
  // Without grouped-query attention, only the largest phone fits the KV cache.
  expect(Object.keys(await devices("deepseek-coder-6.7b-instruct"))).toEqual(["galaxy-s25", "m1-8gb", "rtx-4060"]);
});

test("a folder's path is relative to the recipe; an existing file is not overwritten", async () => {
  const file = join(home, "deeper", "tiny.yaml");
  mkdirSync(join(home, "deeper"));
  const text = await draft(join(demoFolder, "tiny-llama"), file);
  const settings = await loadSettings(file);
  expect(settings.model.source).toEqual({ kind: "local", path: join(demoFolder, "tiny-llama") });
  expect(text).toContain("# LlamaForCausalLM, about 5.8 million parameters");
  writeFileSync(file, `${text}# mine\n`);
  await expect(draft(join(demoFolder, "tiny-llama"), file)).rejects.toMatchObject({ code: "QS-INIT-EXISTS" });
  await expect(draft("no such thing", file)).rejects.toMatchObject({ code: "QS-USAGE" });
  await expect(draft("me/nothing", file)).rejects.toMatchObject({ code: /^QS-HUB/ });
});

test("values missing from config.json are not invented", async () => {
  const outline: ModelOutline = {
    ...{ source: "./a folder", architecture: "MambaForCausalLM", parameters: 2.8e9, weightBytes: 5.6e9 },
    ...outlineModel({ hidden_size: 2560, num_hidden_layers: 64 }, ""),
  };
  expect(outline).toMatchObject({ cacheBytesPerToken: null, chat: "none", mixture: false, pictures: false });
  const text = draftRecipe(outline, await loadCatalog(), home);
  expect(text).not.toContain("device");
  expect(text).not.toContain("chatTemplate");
  expect(parse(text).model).toEqual({ source: "./a folder" });
  // A base model completes texts; the answers are too short to repeat.
  expect(parse(text).smoke).toEqual([
    { prompt: "The capital of France is", maxTokens: 16, expect: { matches: "Paris" } },
    { prompt: expect.any(String), maxTokens: 16, expect: { matches: "west" } },
  ]);
  expect(outlineModel({ vision_config: {}, text_config: { num_local_experts: 8 } }, "chat_template")).toMatchObject({
    ...{ pictures: true, mixture: true, chat: "plain" },
  });
  for (const nothing of ['"chat_template": null', '"chat_template": ""', '"chat_template":[]']) {
    const file = `tokenizer_config.json\n{"a": 1, ${nothing}, "b": 2}`;
    expect(outlineModel({}, file).chat, nothing).toBe("none");
    expect(outlineModel({}, `${file}\nchat_template.jinja\n{{ messages }}`).chat).toBe("plain");
  }
  expect(outlineModel({}, '{"chat_template": "{{ messages }}"}').chat).toBe("plain");
});

test("the drafted context is at most the trained one, and low-bit variants have wide gates", async () => {
  const catalog = await loadCatalog();
  const small = { hidden_size: 2560, num_hidden_layers: 48, num_attention_heads: 32, max_position_embeddings: 2048 };
  const outline: ModelOutline = {
    ...{ source: "hf:me/small", architecture: "PhiForCausalLM", parameters: 2.99e9, weightBytes: 5.98e9 },
    ...outlineModel(small, ""),
  };
  const recipe = parse(draftRecipe(outline, catalog, home));
  const made = recipe.variants.flatMap((variant: { dynamic?: { context?: number } }) => variant.dynamic?.context ?? []);
  expect(made.length).toBeGreaterThan(0);
  expect(new Set(made)).toEqual(new Set([2048]));
  expect(recipe.gates.kldMean.max).toBe(0.25);
});

test("a source with quantized weights gets no larger sizes than its own", async () => {
  const catalog = await loadCatalog();
  const gptOss: ModelOutline = {
    ...{ source: "hf:openai/gpt-oss-20b", architecture: "GptOssForCausalLM", parameters: 20.9e9, weightBytes: 13.8e9 },
    ...{ kept: { type: "MXFP4", parameters: 19.1e9 }, quantized: { label: "MXFP4", baseBytes: 13.8e9 } },
    ...outlineModel({ hidden_size: 2880, num_hidden_layers: 24, num_attention_heads: 64, head_dim: 64 }, ""),
  };
  const text = draftRecipe(gptOss, catalog, home);
  expect(parse(text).variants).toEqual(["MXFP4_MOE", { name: "Q4_K_M", dynamic: { sizeOf: "Q4_K_M" } }]);
  expect(text).toContain("91 % of the weights are MXFP4 already");
  const dequantized = (weightBytes: number) => {
    const { kept: _kept, ...model } = { ...gptOss, weightBytes };
    return parse(draftRecipe(model, catalog, home)).variants.filter((one: unknown) => typeof one === "string");
  };
  // FP8, and four bits; Q6_K would store rows of 2880 as Q8_0.
  expect(dequantized(21e9)).toEqual(["Q8_0"]);
  expect(dequantized(11e9)).toEqual([]);
});

test("Q6_K is left out where its rows would be stored as Q8_0", async () => {
  const catalog = await loadCatalog();
  const presets = (hidden_size: number) => {
    const facts = { source: "hf:me/x", architecture: "LlamaForCausalLM", parameters: 1.5e9, weightBytes: 3e9 };
    const { variants } = parse(draftRecipe({ ...facts, ...outlineModel({ hidden_size }, "") }, catalog, home));
    return variants.filter((variant: unknown) => typeof variant === "string");
  };
  expect(presets(1536)).toEqual(["Q8_0", "Q6_K"]);
  expect(presets(1440)).toEqual(["Q8_0"]);
});

test("text of a model cannot add lines to the recipe", async () => {
  const folder = join(home, "hostile");
  cpSync(join(demoFolder, "tiny-llama"), folder, { recursive: true });
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  const file = join(home, "hostile.yaml");
  for (const end of ["\n", "\r", "\r\n", "\u0085", "\u2028"]) {
    config.architectures = [`LlamaForCausalLM${end}publish: { repo: evil/collect-GGUF }${end}#`];
    writeFileSync(join(folder, "config.json"), JSON.stringify(config));
    const text = await draft(folder, file);
    expect(Object.keys(parse(text))).not.toContain("publish");
    expect(text.split(/[\n\r\u0085\u2028\u2029]/)[0]).toMatch(/^# LlamaForCausalLM\\[nrux].*of weights\.$/);
    rmSync(file);
  }
});

test("a folder's name stays one value, and one with control characters is rejected", async () => {
  const named = (name: string) => {
    cpSync(join(demoFolder, "tiny-llama"), join(home, name), { recursive: true });
    return draft(join(home, name), join(home, "named.yaml")).finally(() =>
      rmSync(join(home, "named.yaml"), { force: true }),
    );
  };
  for (const name of ["ends with:", "a #b, c }", "'\"[x]"]) {
    expect(parse(await named(name)).model.source).toBe(`./${name}`);
  }
  await expect(named("new\nline")).rejects.toMatchObject({ code: "QS-USAGE" });
});

test("questions that the base fails are comments in the recipe", async () => {
  const checkpoint = join(demoFolder, "tiny-llama");
  const said: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => said.push(String(text)) > 0);
  const asked = async (failing: string[]) => {
    const file = join(home, `tried-${failing.length}.yaml`);
    await initRecipe(checkpoint, { out: file }, () => Promise.resolve({ asked: 2, failing: new Set(failing) }));
    return (await loadSettings(file)).smoke;
  };
  const json = "Which city is the capital of Japan? Answer as JSON.";
  const france = "What is the capital of France? Answer with one word.";
  try {
    expect(await asked([])).toMatchObject([{ prompt: france }, { prompt: json }]);
    expect(await asked([json])).toMatchObject([{ prompt: france, expect: { matches: expect.anything() } }]);
    expect(readFileSync(join(home, "tried-1.yaml"), "utf8")).toContain(`  # - prompt: "${json}"`);
    const [only, ...more] = await asked([json, france]);
    expect([only?.prompt, only?.expect?.matches, more]).toEqual([france, undefined, []]);
    await initRecipe(checkpoint, { out: join(home, "untried.yaml") }, () => Promise.resolve({ why: "a reason" }));
  } finally {
    vi.restoreAllMocks();
  }
  expect(said.join("")).toContain("The base answers 1 of 2 drafted smoke questions; the others are comments");
  expect(said.join("")).toContain("The smoke questions were not tried on the base: a reason.");
});

test("a recipe that is edited during the trial of its questions stays", async () => {
  const file = join(home, "edited.yaml");
  const said: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => said.push(String(text)) > 0);
  const prompt = "What is the capital of France? Answer with one word.";
  await initRecipe(join(demoFolder, "tiny-llama"), { out: file }, (recipe) => {
    appendFileSync(recipe, "# mine\n");
    return Promise.resolve({ asked: 2, failing: new Set([prompt]) });
  }).finally(() => vi.restoreAllMocks());
  expect(readFileSync(file, "utf8")).toMatch(/# mine\n$/);
  expect(said.join("")).toContain(
    `The recipe was edited meanwhile and stays as it is; remove the others: "${prompt}".`,
  );
});

test("a folder with text direction marks is escaped in the recipe, and the same folder", async () => {
  const folder = join(home, "a\u202eb \u2066c");
  cpSync(join(demoFolder, "tiny-llama"), folder, { recursive: true });
  const file = join(home, "marks.yaml");
  const text = await draft(folder, file);
  expect(text).toContain("\\u202e");
  expect(text.match(/(?!\n)[\p{Cc}\p{Cf}]/gu)).toBeNull();
  expect((await loadSettings(file)).model.source).toMatchObject({ path: folder });
});
