import { expect, test } from "vitest";
import { judgeAnswer } from "../../../src/stages/smoke/judge-answer.js";

test.each([
  ["The capital is Paris.", { matches: "Par[iy]s" }, []],
  ["The capital is Rome.", { matches: "Paris" }, ["the answer does not match /Paris/"]],
  ["It is cold.", { contains: "cold" }, []],
  ["It is warm.", { contains: "cold" }, ['the answer does not contain "cold"']],
  [" 12\n", { equals: "12" }, []],
  ["12.", { equals: "12" }, ['the answer is not "12"']],
  ['{"a": [1]}', { json: true as const }, []],
  ['```json\n{"a": 1}\n```', { json: true as const }, []],
  ['Sure! {"a": 1}', { json: true as const }, ["the answer is not JSON"]],
  ["anything", {}, []],
  ["  \n", {}, ["the answer is empty"]],
  [
    "no",
    { matches: "yes", contains: "maybe" },
    ["the answer does not match /yes/", 'the answer does not contain "maybe"'],
  ],
])("%j under %j", (answer, expect_, failures) => {
  expect(judgeAnswer(answer, expect_)).toEqual(failures);
});
