import type { ProjectorType } from "../../quant/names.js";
import type { JsonObject } from "../../util/canonical-json.js";
import type { SmokeQuestion, SmokeTool } from "./protocol.js";

// Aliases, not interfaces: interfaces are not assignable to a step's JSON parameters.

/** Conditions of an answer, all of which must be met. */
export type Expectation = {
  /** Regular expression to find in the answer. */
  matches?: string | undefined;
  contains?: string | undefined;
  /** The whole answer, without white space at both ends. */
  equals?: string | undefined;
  /** One JSON document, with or without a Markdown code fence. */
  json?: true | undefined;
  /** Schema whose grammar constrains the answer, which must be complete. */
  jsonSchema?: JsonObject | undefined;
  /** The model ends its turn within this many tokens. */
  endsItself?: number | undefined;
  /** No loop of repeated text; true by default. */
  notRepeating?: boolean | undefined;
  /** No invalid UTF-8; true by default. */
  validUtf8?: boolean | undefined;
  /** Exactly the base model's answer. */
  sameAsBase?: true | undefined;
  /** Calls this tool with its required arguments, and with these values. */
  toolCall?: { name: string; arguments?: JsonObject | undefined } | undefined;
  /** Embedding models: smallest cosine between the vector and the base's; 0.9 by default. */
  cosineToBase?: number | undefined;
  /** Embedding models: smallest rank correlation of the sentence pairs' similarities with the base's; 0.9 by default. */
  rankToBase?: number | undefined;
};

export type SmokePrompt = {
  prompt: string;
  /** Picture shown with it: `bundled`, or a file; in a step's parameters, the name of the input. */
  image?: string | undefined;
  /** System prompt; none by default. */
  system?: string | undefined;
  /** Longest answer in tokens. */
  maxTokens: number;
  /** Functions that the chat template describes to the model. */
  tools?: readonly SmokeTool[] | undefined;
  expect?: Expectation | undefined;
};

/** A prompt of a smoke test, with the projector through which the model sees its picture. */
export interface Asked {
  prompt: SmokePrompt;
  /** Index of the recipe's prompt. */
  index: number;
  projector?: ProjectorType;
}

/** Returns the prompts to ask, in order: those with a picture once for each projector. */
export function askedPrompts(prompts: readonly SmokePrompt[], projectors: readonly ProjectorType[] = []): Asked[] {
  return prompts.flatMap((prompt, index): Asked[] =>
    prompt.image === undefined ? [{ prompt, index }] : projectors.map((projector) => ({ prompt, index, projector })),
  );
}

/** Returns the part of a prompt that affects the answer. */
export function questionOf({ prompt, system, maxTokens, tools, expect }: SmokePrompt): SmokeQuestion {
  return { prompt, system: system ?? null, maxTokens, tools: tools ?? [], jsonSchema: expect?.jsonSchema ?? null };
}
