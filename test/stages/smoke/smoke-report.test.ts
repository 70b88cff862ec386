import { describe, expect, test } from "vitest";
import { askedPrompts } from "../../../src/stages/smoke/expectation.js";
import type { Reply } from "../../../src/stages/smoke/run-smoke-child.js";
import { baseAnswer, unmetWarning } from "../../../src/stages/smoke/smoke-base.js";
import { smokeReasons } from "../../../src/stages/smoke/smoke-reasons.js";
import { smokeReport } from "../../../src/stages/smoke/smoke-report.js";
import { findUnmet, type Unmet } from "../../../src/stages/smoke/unmet.js";
import { thrownBy } from "../../fixtures/failure.js";
import { somePrompt } from "../../fixtures/smoke-model.js";

const prompts = askedPrompts([somePrompt("one", { expect: { contains: "1" } }), somePrompt("two")]);
const chat = { template: true, answers: [] };
const loaded = { kind: "loaded", seconds: 1, template: true, gpuLayers: 0 } as const;
const said = (index: number, text: string): Reply => ({
  ...{ kind: "answer", index, text, stopReason: "eogToken", promptTokens: 5, tokens: 3, promptSeconds: 1, seconds: 1 },
  ...{ toolsShown: false, schemaFault: null },
});

test("correct answers pass without reasons", () => {
  const report = smokeReport(prompts, chat, { loaded, problem: null, replies: [said(0, "1"), said(1, "2")] });
  expect(report).toMatchObject({ passed: 2, failed: 0, problem: null });
  expect(smokeReasons(report)).toEqual([]);
});

test("the reason of a failed answer contains the expectation and the answer", () => {
  const report = smokeReport(prompts, chat, { loaded, problem: null, replies: [said(0, "7"), said(1, "2")] });
  expect(smokeReasons(report)).toEqual(['smoke "one" gave "7": the answer does not contain "1"']);
});

test("a problem after correct answers fails, without reasons for unanswered prompts", () => {
  const after = smokeReport(prompts, chat, { loaded, problem: "it crashed", replies: [said(0, "1"), said(1, "2")] });
  expect(after).toMatchObject({ passed: 2, failed: 1 });
  const amid = smokeReport(prompts, chat, { loaded, problem: "it crashed", replies: [said(0, "7")] });
  expect(amid).toMatchObject({ passed: 0, failed: 2 });
  expect(smokeReasons(amid)).toEqual([
    "smoke test: it crashed",
    'smoke "one" gave "7": the answer does not contain "1"',
  ]);
});

describe("an expectation that the base does not meet", () => {
  const loops = "Rome. ".repeat(12);
  const asked = [somePrompt("one", { expect: { matches: "Paris", endsItself: 2 } }), somePrompt("two")];
  const judge = (baseTexts: string[], replies: Reply[]) => {
    const answers = baseTexts.map((text, index) => {
      const { expect = {} } = asked[index] ?? {};
      const reply = { text, stopReason: "eogToken", tokens: 2, schemaFault: null } as const;
      return { text, unmet: findUnmet({ ...reply, expect, tools: [] }) };
    });
    const report = smokeReport(askedPrompts(asked), { template: false, answers }, { loaded, problem: null, replies });
    return { report, warnings: unmetWarning(asked, answers) };
  };

  test("is no gate but a warning; the others still are", () => {
    const { report, warnings } = judge(["Rome", loops], [said(0, "Oslo"), said(1, loops)]);
    expect(report).toMatchObject({ passed: 0, failed: 1 });
    expect(report.answers[0]).toMatchObject({
      failures: ["it should end its turn within 2 tokens, but took 3"],
      skipped: ["`matches`: the base fails this too (the answer does not match /Paris/)"],
    });
    expect(report.answers[1]).toMatchObject({ failures: [], skipped: [expect.stringContaining("`notRepeating`")] });
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([
      [
        "QW-SMOKE-BASE",
        'the base itself fails 2 of 2 smoke prompts; what it does not meet does not gate variants: "one": the answer does not match /Paris/ · "two": it repeats "Rome. " 12 times',
      ],
    ]);
  });

  test("a base without an answer gates nothing; a good base gates all", () => {
    expect(judge([" ", "2"], [said(0, ""), said(1, "2")]).report).toMatchObject({ passed: 1, failed: 0 });
    const { report, warnings } = judge(["Paris", "2"], [said(0, "Oslo"), said(1, "")]);
    expect([report.failed, warnings]).toEqual([2, []]);
  });
});

test("a question that raises an exception fails alone", () => {
  const failed: Reply = { kind: "failed", index: 1, reason: "the chat template does not render: no" };
  const report = smokeReport(prompts, chat, { loaded, problem: null, replies: [said(0, "1"), failed] });
  expect(report).toMatchObject({ passed: 1, failed: 1, problem: null });
  expect(smokeReasons(report)).toEqual(['smoke "two" gave "": the chat template does not render: no']);
});

test("a prompt with an expectation that was not checked has neither passed nor failed", () => {
  const asked = askedPrompts([somePrompt("one", { expect: { toolCall: { name: "f" } } }), somePrompt("two")]);
  const report = smokeReport(asked, chat, { loaded, problem: null, replies: [said(0, "1"), said(1, "2")] });
  expect(report).toMatchObject({ passed: 1, failed: 0, answers: [{ skipped: [expect.any(String)] }, { skipped: [] }] });
});

describe("the chat template", () => {
  const replies = [said(0, "1"), said(1, "2")];
  const bare = { ...loaded, template: false };

  test("is required if the base has one", () => {
    const report = smokeReport(prompts, chat, { loaded: bare, problem: null, replies });
    expect(report).toMatchObject({ failed: 1, problem: "it lacks the chat template of its base" });
  });

  test("is optional if the base has none", () => {
    const report = smokeReport(prompts, { ...chat, template: false }, { loaded: bare, problem: null, replies });
    expect(report).toMatchObject({ failed: 0, problem: null });
  });
});

describe("a picture", () => {
  const shown = somePrompt("see", { image: "bundled", expect: { contains: "TIGER" } });
  const asked = askedPrompts([somePrompt("one"), shown], ["F16", "Q8_0"]);
  const base = (unmet: Unmet[]) => ({
    template: true,
    answers: [
      { text: "1", unmet: [] },
      { text: "A TIGER", unmet },
    ],
  });
  const replies = [said(0, "1"), said(1, "A TIGER"), said(2, "A cat")];

  test("is shown through each projector, and the reason of a failure contains it", () => {
    const report = smokeReport(asked, base([]), { loaded, problem: null, replies });
    expect(report).toMatchObject({ passed: 2, failed: 1 });
    expect(smokeReasons(report)).toEqual([
      'smoke "see" with a picture and the projector Q8_0 gave "A cat": the answer does not contain "TIGER"',
    ]);
  });

  test("that the base does not recognize fails no variant, but a crash does", () => {
    const blind = base([{ expectation: "contains", reason: "no TIGER" }]);
    const report = smokeReport(asked, blind, { loaded, problem: null, replies });
    expect(report).toMatchObject({ passed: 1, failed: 0 });
    expect(report.answers[2]?.skipped).toEqual(["`contains`: the base fails this too (no TIGER)"]);
    const crashed: Reply = { kind: "failed", index: 2, reason: "its native code crashed" };
    const outcome = { loaded, problem: null, replies: [replies[0], replies[1], crashed] };
    expect(smokeReport(asked, blind, outcome)).toMatchObject({ failed: 1 });
  });
});

test("expectations about vectors are not met by a base that generates text, and others of the prompt still count", () => {
  const prompt = somePrompt("one", { expect: { contains: "1", cosineToBase: 0.9 } });
  const base = baseAnswer(prompt, said(0, "1"));
  expect(base).toMatchObject({
    unmet: [{ expectation: "cosineToBase", reason: "the model is not an embedding model" }],
  });
  expect(unmetWarning([prompt], [base])).toMatchObject([{ code: "QW-SMOKE-BASE" }]);
  const outcome = { loaded, problem: null, replies: [said(0, "2")] };
  expect(smokeReport(askedPrompts([prompt]), { template: true, answers: [base] }, outcome)).toMatchObject({
    failed: 1,
  });
});

test.each<[Unmet["expectation"], string]>([
  ["answer", "Increase `maxTokens` of a prompt without an answer, or replace it."],
  ["notRepeating", "For a model that only completes text, set `notRepeating: false`."],
  ["contains", "Ask what the model can do, or remove the expectations that it does not meet."],
])("the remedy for %s names what helps", (expectation, remedy) => {
  const answers = [{ text: "", unmet: [{ expectation, reason: "why" }] }];
  expect(unmetWarning([somePrompt("one")], answers)).toMatchObject([{ remedy }]);
});

test("a picture that ends the base's process names its prompt", () => {
  const failed: Reply = { kind: "failed", index: 0, reason: "its native code crashed" };
  expect(thrownBy(() => baseAnswer(somePrompt("What?", { image: "bundled" }), failed))).toMatchObject({
    code: "QS-SMOKE-BASE",
    message: 'the base does not answer the smoke prompt "What?" about a picture: its native code crashed',
    remedy: expect.stringContaining("remove this prompt's `image`"),
  });
  expect(thrownBy(() => baseAnswer(somePrompt("What?"), undefined)).remedy).not.toContain("image");
});

test("vectors are compared with the base's, and NaN fails", () => {
  const vectors = (b: number[]) => ({ template: false, answers: [{ vector: [1, 0] }, { vector: b }] });
  const embed = (index: number, vector: number[]): Reply => ({
    ...{ kind: "embedding", index, vector, promptTokens: 5, promptSeconds: 1 },
  });
  const texts = askedPrompts([somePrompt("one"), somePrompt("two", { expect: { contains: "2", cosineToBase: 0.5 } })]);
  const outcome = { loaded, problem: null, replies: [embed(0, [1, 1]), embed(1, [1, 0])] };
  const report = smokeReport(texts, vectors([1, 0]), outcome);
  expect(report.answers[0]).toMatchObject({
    cosine: expect.closeTo(Math.SQRT1_2, 10),
    failures: ["the cosine to the base's vector is 0.7071, below 0.9"],
  });
  expect(report.answers[1]).toMatchObject({
    cosine: 1,
    failures: ["an embedding model does not generate text for contains"],
  });
  expect(smokeReport(texts, vectors([0, 0]), outcome).answers[1]?.failures[0]).toContain("is NaN, below 0.5");
});

describe("the order of sentence pairs", () => {
  const base = { template: false, answers: [{ vector: [1, 0] }], similarities: [0.9, 0.5, 0.4, 0.1] };
  const reply: Reply = { kind: "embedding", index: 0, vector: [1, 0], promptTokens: 1, promptSeconds: 1 };
  const of = (similarities: number[] | undefined, rankToBase?: number) =>
    smokeReport(askedPrompts([somePrompt("one", rankToBase === undefined ? {} : { expect: { rankToBase } })]), base, {
      ...{ loaded, problem: null, replies: [reply] },
      ...(similarities === undefined ? {} : { similarities }),
    });

  test("passes if it is the base's", () => {
    expect(of([0.99, 0.8, 0.7, 0.6])).toMatchObject({ rankCorrelation: 1, problem: null, passed: 1, failed: 0 });
  });

  test("fails below the limit, which a recipe can set", () => {
    const swapped = [0.9, 0.4, 0.5, 0.1];
    expect(of(swapped)).toMatchObject({ rankCorrelation: expect.closeTo(0.8, 10), failed: 1 });
    expect(of(swapped).problem).toContain("rank correlation 0.800, below 0.9");
    expect(of(swapped, 0.7)).toMatchObject({ problem: null, failed: 0 });
    expect(of([0.99, 0.8, 0.7, 0.6], 1).problem).toBeNull();
  });

  test("is undefined for equal similarities, as of a model that ignores its input", () => {
    expect(of([1, 1, 1, 1]).rankCorrelation).toBeNull();
  });

  test("is not measured for a text model", () => {
    expect(of(undefined)).not.toHaveProperty("rankCorrelation");
  });
});
