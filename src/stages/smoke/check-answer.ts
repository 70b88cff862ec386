import { canonicalJson, type Json, type JsonObject } from "../../util/canonical-json.js";
import { isJsonObject } from "../../util/json-differences.js";
import { matchWithTimeout } from "../../util/match-with-timeout.js";
import type { Expectation } from "./expectation.js";
import { findLoop } from "./find-loop.js";
import type { AnswerMessage, SmokeTool } from "./protocol.js";

/** An answer and the data to check it. */
export interface AnswerCheck
  extends Pick<AnswerMessage, "text" | "stopReason" | "tokens" | "schemaFault" | "toolCalls"> {
  expect: Expectation;
  tools: readonly SmokeTool[];
  /** The base model's answer, if the expectation requires it. */
  base: string | undefined;
}

/**
 * Returns the failures of an answer, one sentence each. An empty answer always fails. A regular expression fails after
 * `matchLimitMs`.
 */
export function checkAnswer(check: AnswerCheck, matchLimitMs?: number): string[] {
  const { text, expect } = check;
  // The thoughts of a reasoning model are not part of its answer.
  const answer = text.replace(/^[\s\S]*<\/think>/, "");
  if (answer.trim() === "") return ["the answer is empty"];
  if (answer.trimStart().startsWith("<think>")) {
    return [`it was still thinking after ${check.tokens} tokens; increase \`maxTokens\``];
  }
  return [
    ...checkText(answer, expect, matchLimitMs),
    ...checkJson(answer, check),
    ...checkEnd(check),
    ...checkWellFormed(text, expect),
    ...checkAgainstBase(text, check),
    ...checkToolCall(check),
  ];
}

function checkText(answer: string, { matches, contains, equals }: Expectation, matchLimitMs?: number): string[] {
  const failures: string[] = [];
  if (matches !== undefined) {
    const found = matchWithTimeout(matches, answer, matchLimitMs);
    if (found === undefined) failures.push(`/${matches}/ takes too long on the answer`);
    else if (!found) failures.push(`the answer does not match /${matches}/`);
  }
  if (contains !== undefined && !answer.includes(contains)) failures.push(`the answer does not contain "${contains}"`);
  if (equals !== undefined && answer.trim() !== equals.trim()) failures.push(`the answer is not "${equals}"`);
  return failures;
}

function checkJson(answer: string, { expect, schemaFault, stopReason, tokens }: AnswerCheck): string[] {
  const cut = stopReason === "maxTokens" ? `; it was cut off at ${tokens} tokens` : "";
  return [
    ...(expect.json === true && !isJson(answer) ? [`the answer is not JSON${cut}`] : []),
    ...(schemaFault === null ? [] : [`the answer does not follow \`jsonSchema\`: ${schemaFault}${cut}`]),
  ];
}

function isJson(answer: string): boolean {
  const inner = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/.exec(answer)?.[1] ?? answer;
  try {
    JSON.parse(inner);
    return true;
  } catch {
    return false;
  }
}

function checkEnd({ expect: { endsItself }, stopReason, tokens }: AnswerCheck): string[] {
  if (endsItself === undefined) return [];
  if (stopReason === "maxTokens")
    return [`it should end its turn within ${endsItself} tokens, but was cut off at ${tokens}`];
  return tokens > endsItself ? [`it should end its turn within ${endsItself} tokens, but took ${tokens}`] : [];
}

function checkWellFormed(text: string, { notRepeating, validUtf8 }: Expectation): string[] {
  const loop = notRepeating === false ? undefined : findLoop(text);
  return [
    ...(loop === undefined ? [] : [`it repeats ${JSON.stringify(loop.unit)} ${loop.times} times`]),
    // Invalid UTF-8 is decoded as U+FFFD, which models almost never generate.
    ...(validUtf8 === false || !text.includes("\uFFFD")
      ? []
      : [`the answer is not valid UTF-8 at character ${text.indexOf("\uFFFD") + 1}`]),
  ];
}

function checkAgainstBase(text: string, { expect, base }: AnswerCheck): string[] {
  if (expect.sameAsBase !== true || text === base) return [];
  return [`the base answers "${base ?? ""}"`];
}

function checkToolCall({ expect: { toolCall }, tools, toolCalls }: AnswerCheck): string[] {
  if (toolCall === undefined) return [];
  const { name, arguments: expected = {} } = toolCall;
  if (toolCalls === undefined) return [`it does not call ${name}`];
  if (toolCalls.kind !== "parsed") return [`it calls no tool in the chat template's format: ${toolCalls.reason}`];
  const call = toolCalls.calls.find((one) => one.name === name);
  if (call === undefined) {
    const others = toolCalls.calls.map((one) => one.name).join(", ");
    return [`it does not call ${name}${others === "" ? "" : `, but ${others}`}`];
  }
  const given = parseArguments(call.arguments);
  if (given === undefined) return [`the arguments of its call of ${name} are not a JSON object: ${call.arguments}`];
  const required = tools.find((tool) => tool.name === name)?.parameters?.required;
  const missing = (Array.isArray(required) ? required : []).filter((key) => !Object.hasOwn(given, String(key)));
  return [
    ...(missing.length === 0 ? [] : [`it calls ${name} without ${missing.join(", ")}`]),
    ...Object.entries(expected).flatMap(([key, value]) => {
      const found = Object.hasOwn(given, key) ? text(given[key]) : "nothing";
      return found === text(value) ? [] : [`it calls ${name} with ${found} as ${key} instead of ${text(value)}`];
    }),
  ];
}

/** Equal for equal values. */
const text = (value: Json | undefined) => canonicalJson(value ?? null);

function parseArguments(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
