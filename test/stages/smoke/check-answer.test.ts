import { expect, test } from "vitest";
import type { ParsedAnswer } from "../../../src/corpus/render-chats.js";
import { type AnswerCheck, checkAnswer } from "../../../src/stages/smoke/check-answer.js";
import type { Expectation } from "../../../src/stages/smoke/expectation.js";

const check = (text: string, expect: Expectation): AnswerCheck => ({
  ...{ text, expect, stopReason: "eogToken", tokens: 9, schemaFault: null, tools: [], base: undefined },
});
const judge = (text: string, expect: Expectation = {}, more: Partial<AnswerCheck> = {}) =>
  checkAnswer({ ...check(text, expect), ...more });

test.each<[string, Expectation, string[]]>([
  ["The capital is Paris.", { matches: "Par[iy]s" }, []],
  ["The capital is Rome.", { matches: "Paris" }, ["the answer does not match /Paris/"]],
  ["It is cold.", { contains: "cold" }, []],
  ["It is warm.", { contains: "cold" }, ['the answer does not contain "cold"']],
  [" 12\n", { equals: "12" }, []],
  ["12.", { equals: "12" }, ['the answer is not "12"']],
  ['{"a": [1]}', { json: true }, []],
  ['```json\n{"a": 1}\n```', { json: true }, []],
  ['Sure! {"a": 1}', { json: true }, ["the answer is not JSON"]],
  ["anything", {}, []],
  ["  \n", {}, ["the answer is empty"]],
  [
    "no",
    { matches: "yes", contains: "maybe" },
    ["the answer does not match /yes/", 'the answer does not contain "maybe"'],
  ],
  ["Paris", { endsItself: 9 }, []],
  ["Paris", { endsItself: 8 }, ["it should end its turn within 8 tokens, but took 9"]],
  ["a \uFFFD b", {}, ["the answer is not valid UTF-8 at character 3"]],
  ["a \uFFFD b", { validUtf8: false }, []],
  ["Rome. ".repeat(12), {}, ['it repeats "Rome. " 12 times']],
  ["Rome. ".repeat(12), { notRepeating: false }, []],
  ["<think>France, hm: Rome?</think>\n\nParis", { equals: "Paris" }, []],
  ["<think>France, hm", {}, ["it was still thinking after 9 tokens; increase `maxTokens`"]],
])("%j under %j", (answer, expectation, failures) => {
  expect(judge(answer, expectation)).toEqual(failures);
});

test("the failures of a cut answer contain the token limit", () => {
  const cut = { stopReason: "maxTokens", tokens: 32 } as const;
  expect(judge('{"a": ', { json: true, endsItself: 20 }, cut)).toEqual([
    "the answer is not JSON; it was cut off at 32 tokens",
    "it should end its turn within 20 tokens, but was cut off at 32",
  ]);
  expect(judge('{"a": ', {}, { ...cut, schemaFault: "Unexpected end" })).toEqual([
    "the answer does not follow `jsonSchema`: Unexpected end; it was cut off at 32 tokens",
  ]);
});

test("the answer must equal the base's exactly", () => {
  expect(judge("Paris.", { sameAsBase: true }, { base: "Paris." })).toEqual([]);
  expect(judge("Paris!", { sameAsBase: true }, { base: "Paris." })).toEqual(['the base answers "Paris."']);
});

const called = (name: string, text: string) => ({ kind: "parsed" as const, calls: [{ name, arguments: text }] });

test.each<[string, ParsedAnswer, string[]]>([
  ["right arguments", called("get_weather", '{"days": 3, "city": "Paris", "unit": "C"}'), []],
  [
    "a missing argument",
    called("get_weather", '{"days": 3}'),
    ["it calls get_weather without city", 'it calls get_weather with nothing as city instead of "Paris"'],
  ],
  [
    "a wrong argument",
    called("get_weather", '{"city": "Rome", "days": "3"}'),
    [
      'it calls get_weather with "Rome" as city instead of "Paris"',
      'it calls get_weather with "3" as days instead of 3',
    ],
  ],
  [
    "invalid arguments",
    called("get_weather", '{"city": '),
    ['the arguments of its call of get_weather are not a JSON object: {"city": '],
  ],
  ["another tool", called("get_time", "{}"), ["it does not call get_weather, but get_time"]],
  ["no tool", { kind: "parsed", calls: [] }, ["it does not call get_weather"]],
  ["another format", { kind: "rejected", reason: "no" }, ["it calls no tool in the chat template's format: no"]],
])("a call of a tool with %s", (_what, toolCalls, failures) => {
  const tools = [{ name: "get_weather", parameters: { type: "object", required: ["city"] } }];
  const toolCall = { name: "get_weather", arguments: { city: "Paris", days: 3 } };
  expect(judge("a call", { toolCall }, { tools, toolCalls })).toEqual(failures);
});

test("a pattern that needs exponential time fails instead of hanging", () => {
  expect(checkAnswer(check(`${"a".repeat(40)}!`, { matches: "^(a+)+$", notRepeating: false }), 100)).toEqual([
    "/^(a+)+$/ takes too long on the answer",
  ]);
});
