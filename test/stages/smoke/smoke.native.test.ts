import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readGguf } from "../../../src/gguf/read-header.js";
import { quantize } from "../../../src/llamacpp/quantize.js";
import { askedPrompts, type Expectation, type SmokePrompt } from "../../../src/stages/smoke/expectation.js";
import type { SmokeBaseReport } from "../../../src/stages/smoke/smoke-base.js";
import { smokeReasons } from "../../../src/stages/smoke/smoke-reasons.js";
import { type SmokeReport, smokeReport } from "../../../src/stages/smoke/smoke-report.js";
import { type Damage, damages, rewriteMetadata } from "../../fixtures/damage.js";
import { askModel, somePrompt } from "../../fixtures/smoke-model.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { makeTinyModel } from "../../fixtures/tiny-model.js";

/* The smoke child with real variants of the demo model, intact and damaged, and a child that receives signals. */
const folder = temporaryFolder();
const inside = (name: string) => join(folder, name);
const question = "What is the capital of France?";

const chatBase = (prompts: readonly SmokePrompt[], text?: string): SmokeBaseReport => ({
  template: true,
  answers: text === undefined ? [] : prompts.map(() => ({ text, unmet: [] })),
});
async function report(model: string, prompts: readonly SmokePrompt[], text?: string): Promise<SmokeReport> {
  return smokeReport(askedPrompts(prompts), chatBase(prompts, text), await askModel(folder, inside(model), prompts));
}

beforeAll(async () => {
  const run = await makeTinyModel(folder);
  for (const type of ["Q8_0", "Q4_K_M"]) {
    await quantize({ ...run, model: "model.gguf", imatrix: "imatrix.gguf", type, out: `${type}.gguf` });
  }
});

describe("expectations on real answers", () => {
  const city = { type: "object", properties: { city: { type: "string", maxLength: 8 } } } as const;
  const many = { type: "array", items: { type: "integer" }, minItems: 60 } as const;
  const cases: [string, Expectation, Partial<SmokePrompt>, string | undefined][] = [
    [question, { matches: "Par.s" }, {}, undefined],
    [question, { matches: "Rome" }, {}, "the answer does not match /Rome/"],
    [question, { contains: "Paris" }, {}, undefined],
    [question, { contains: "Rome" }, {}, 'the answer does not contain "Rome"'],
    [question, { equals: "The capital of France is Paris." }, {}, undefined],
    [question, { equals: "Paris" }, {}, 'the answer is not "Paris"'],
    [question, { json: true }, {}, "the answer is not JSON"],
    [question, { json: true, jsonSchema: city }, {}, undefined],
    [question, { jsonSchema: many }, { maxTokens: 12 }, "the answer does not follow `jsonSchema`: "],
    [question, { endsItself: 12 }, {}, undefined],
    [question, { endsItself: 5 }, {}, "it should end its turn within 5 tokens, but took 9"],
    [question, { endsItself: 5 }, { maxTokens: 5 }, "it should end its turn within 5 tokens, but was cut off at 5"],
    [question, { sameAsBase: true }, {}, undefined],
    ["Hello!", { sameAsBase: true }, {}, 'the base answers "The capital of France is Paris."'],
    [question, { notRepeating: true, validUtf8: true }, {}, undefined],
  ];
  let found: SmokeReport;

  beforeAll(async () => {
    const prompts = cases.map(([prompt, expectation, more]) => somePrompt(prompt, { expect: expectation, ...more }));
    const base = await report("model.gguf", [somePrompt(question)]);
    found = await report("Q8_0.gguf", prompts, base.answers[0]?.answer);
  });

  test.each(cases.map((entry, index) => [index, ...entry] as const))(
    "%i: %j %j",
    (index, _prompt, _expect, _more, failure) => {
      const failures = found.answers[index]?.failures;
      expect(failures).toEqual(failure === undefined ? [] : [expect.stringContaining(failure)]);
    },
  );

  test("passed and failed count prompts", () => {
    const failing = cases.filter(([, , , failure]) => failure !== undefined).length;
    expect(found).toMatchObject({ passed: cases.length - failing, failed: failing, problem: null });
  });
});

test("tool calls are skipped if the template renders no tools, else checked", async () => {
  const tools = [{ name: "get_weather", parameters: { type: "object" } }];
  const prompts = [
    somePrompt("What is the weather in Paris?", { tools, expect: { toolCall: { name: "get_weather" } } }),
  ];
  const without = await report("Q8_0.gguf", prompts);
  expect(without.answers[0]).toMatchObject({
    failures: [],
    skipped: ["`toolCall`: the chat template does not render tools"],
  });
  await rewriteMetadata(inside("Q8_0.gguf"), inside("tools.gguf"), (metadata) => {
    const template = metadata.get("tokenizer.chat_template");
    if (template?.type !== "string") throw new Error("the demo model has a template");
    const shown = "{% if tools is not none %}{{ tools | tojson }}\n{% endif %}";
    metadata.set("tokenizer.chat_template", { type: "string", value: `${shown}${template.value}` });
  });
  const judged = await report("tools.gguf", prompts);
  expect(judged.answers[0]).toMatchObject({ failures: ["it does not call get_weather"], skipped: [] });
});

test("a template that does not render, and invalid UTF-8", async () => {
  await rewriteMetadata(inside("Q8_0.gguf"), inside("raise.gguf"), (metadata) => {
    metadata.set("tokenizer.chat_template", { type: "string", value: "{{ raise_exception('no users') }}" });
  });
  const raised = await report("raise.gguf", [somePrompt(question)]);
  expect(raised.answers[0]?.failures).toEqual([expect.stringMatching(/the chat template does not render: .*no users/)]);

  await rewriteMetadata(inside("Q8_0.gguf"), inside("bytes.gguf"), (metadata) => {
    const texts = metadata.get("tokenizer.ggml.tokens");
    const types = metadata.get("tokenizer.ggml.token_type");
    if (texts?.type !== "array" || types?.type !== "array") throw new Error("the demo model has a vocabulary");
    let [pieces, kinds] = [texts.items, types.items];
    for (const [word, byte] of [
      ["The", "<0xFF>"],
      ["▁The", "<0xFE>"],
    ]) {
      const [at, other] = [pieces.indexOf(word ?? ""), pieces.indexOf(byte ?? "")];
      if (Math.min(at, other) < 0) continue;
      [pieces, kinds] = [swapped(pieces, at, other), swapped(kinds, at, other)];
    }
    expect(pieces).not.toEqual(texts.items);
    metadata.set("tokenizer.ggml.tokens", { ...texts, items: pieces });
    metadata.set("tokenizer.ggml.token_type", { ...types, items: kinds });
  });
  const broken = await report("bytes.gguf", [somePrompt(question)]);
  expect(broken.answers[0]?.failures).toEqual([expect.stringContaining("not valid UTF-8")]);
});

function swapped<T>(items: readonly T[], a: number, b: number): T[] {
  return items.map((item, i) => (i === a ? items[b] : i === b ? items[a] : item) as T);
}

describe("embedding models", () => {
  /** Makes an embedding model: runtimes recognize it by the pooling type. */
  const embedder: Damage = (from, to) =>
    rewriteMetadata(from, to, (metadata) => metadata.set("llama.pooling_type", { type: "uint32", value: 3 }));
  const prompts = [somePrompt(question), somePrompt("It is cold.", { expect: { cosineToBase: 0.99 } })];

  test("are compared with the base's vectors", async () => {
    for (const name of ["model", "Q8_0"]) await embedder(inside(`${name}.gguf`), inside(`${name}-embed.gguf`));
    await damages["embedding rows shuffled"]?.(inside("Q8_0-embed.gguf"), inside("shuffled-embed.gguf"));
    const base = await askModel(folder, inside("model-embed.gguf"), prompts);
    const answers = base.replies.flatMap((reply) => (reply?.kind === "embedding" ? [{ vector: reply.vector }] : []));
    const { similarities = [] } = base;
    expect(similarities).toHaveLength(20);
    const judge = async (name: string) =>
      smokeReport(
        askedPrompts(prompts),
        { template: true, answers, similarities },
        await askModel(folder, inside(name), prompts),
      );
    const good = await judge("Q8_0-embed.gguf");
    expect(good).toMatchObject({ passed: 2, failed: 0 });
    expect(good.answers[0]?.cosine).toBeGreaterThan(0.99);
    expect(good.answers[0]?.cosine).toBeLessThan(1);
    expect(good.rankCorrelation).toBeGreaterThan(0.95);
    const bad = await judge("shuffled-embed.gguf");
    expect(bad.failed).toBe(2);
    expect(bad.rankCorrelation).toBeLessThan(0.9);
    expect(bad.problem).toContain("orders 20 sentence pairs by similarity differently");
    expect(bad.answers[1]?.failures).toEqual([
      expect.stringMatching(/^the cosine to the base's vector is .*, below 0.99$/),
    ]);
  });
});

describe.runIf(process.platform === "linux")(
  "a child that crashes, hangs or exceeds a limit fails with a reason",
  () => {
    const endless = { type: "array", items: { type: "integer" }, minItems: 500 } as const;
    const prompts = [
      somePrompt("Hello!"),
      somePrompt(question, { maxTokens: 4000, expect: { jsonSchema: endless } }),
      somePrompt(question),
    ];
    const harm = (signal: NodeJS.Signals, limits = {}) =>
      askModel(folder, inside("Q8_0.gguf"), prompts, { limits, onReply: (pid) => process.kill(pid, signal) });

    test.each([
      ["SIGSEGV", {}, "its native code crashed (SIGSEGV) at prompt 2 of 3"],
      ["SIGSTOP", { idleSeconds: 3 }, "it hung at prompt 2 of 3: no activity for 3 seconds"],
    ] as const)("%s", async (signal, limits, problem) => {
      const outcome = await harm(signal, limits);
      expect(outcome.problem).toBe(problem);
      const judged = smokeReport(askedPrompts(prompts), chatBase(prompts), outcome);
      expect(judged).toMatchObject({ passed: 1, failed: 2, problem });
      expect(smokeReasons(judged)).toEqual([`smoke test: ${problem}`]);
    });

    test("a kill by another process is an error without a stored result", async () => {
      await expect(harm("SIGKILL")).rejects.toMatchObject({ code: "QS-SMOKE-KILLED" });
      await expect(harm("SIGTERM")).rejects.toMatchObject({ code: "QS-SMOKE-KILLED" });
    });

    test("too much memory", async () => {
      const outcome = await askModel(folder, inside("Q8_0.gguf"), prompts, { limits: { memoryBytes: 5e7 } });
      expect(outcome.problem).toBe("it needed more than 50.0 MB of memory while it was loaded and was stopped");
    });

    test("busy without progress", async () => {
      const outcome = await askModel(folder, inside("Q8_0.gguf"), prompts, { limits: { silentSeconds: 1 } });
      expect(outcome.problem).toMatch(/^it did not report progress for /);
    });
  },
);

describe("damage", () => {
  const prompts = [
    somePrompt(question, { expect: { matches: "Paris" } }),
    somePrompt("What is 7 + 5?", { expect: { matches: "12" } }),
    somePrompt("What is the opposite of hot?", { expect: { matches: "cold" } }),
  ];

  /** Detected in the header, before native code reads the file. */
  test.each([
    ["file truncated", "is truncated"],
    ["unknown type number", 'check "tensor-type"'],
    ["offset out of bounds", 'check "offset-range"'],
  ])("%s: rejected by its header", async (name, why) => {
    const file = inside(`${name}.gguf`);
    await damages[name]?.(inside("Q4_K_M.gguf"), file);
    await expect(readGguf(file)).rejects.toThrow(why);
  });

  /** Three easy questions do not detect single missing tensors or all NaN values; the structure check and gates do. */
  test.each([
    ["template removed", /^smoke test: it lacks the chat template of its base$/],
    ["context length missing", /^smoke test: it could not be loaded: /],
    ["tokenizer missing", /^smoke test: it /],
    ["vocabulary shifted", /^smoke "/],
    ["embedding rows shuffled", /^smoke "/],
  ])("%s: detected by the smoke test", async (name, reason) => {
    await damages[name]?.(inside("Q4_K_M.gguf"), inside(`${name}.gguf`));
    expect(smokeReasons(await report(`${name}.gguf`, prompts))[0]).toMatch(reason);
  });
});
