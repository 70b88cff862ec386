import { describe, expect, test } from "vitest";
import type { Reply } from "../../../src/stages/smoke/run-smoke-child.js";
import { smokeReasons } from "../../../src/stages/smoke/smoke-reasons.js";
import { smokeReport } from "../../../src/stages/smoke/smoke-report.js";
import { somePrompt } from "../../fixtures/smoke-model.js";

const prompts = [somePrompt("one", { expect: { contains: "1" } }), somePrompt("two")];
const chat = { template: true, answers: [null, null] };
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

test("a question that raises an exception fails alone", () => {
  const failed: Reply = { kind: "failed", index: 1, reason: "the chat template does not render: no" };
  const report = smokeReport(prompts, chat, { loaded, problem: null, replies: [said(0, "1"), failed] });
  expect(report).toMatchObject({ passed: 1, failed: 1, problem: null });
  expect(smokeReasons(report)).toEqual(['smoke "two" gave "": the chat template does not render: no']);
});

test("a prompt with an expectation that was not checked has neither passed nor failed", () => {
  const asked = [somePrompt("one", { expect: { toolCall: "f" } }), somePrompt("two")];
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

test("vectors are compared with the base's, and NaN fails", () => {
  const vectors = (b: number[]) => ({ template: false, answers: [{ vector: [1, 0] }, { vector: b }] });
  const embed = (index: number, vector: number[]): Reply => ({
    ...{ kind: "embedding", index, vector, promptTokens: 5, promptSeconds: 1 },
  });
  const texts = [somePrompt("one"), somePrompt("two", { expect: { contains: "2", cosineToBase: 0.5 } })];
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
    smokeReport([somePrompt("one", rankToBase === undefined ? {} : { expect: { rankToBase } })], base, {
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
