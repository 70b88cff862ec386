import type { JsonObject } from "../../util/canonical-json.js";
import type { SmokeQuestion, SmokeTool } from "./protocol.js";

// Aliases, not interfaces: interfaces are not assignable to a step's JSON parameters.

/** What an answer must be; all that is given must hold. */
export type Expectation = {
  /** A regular expression searched in the answer. */
  matches?: string | undefined;
  contains?: string | undefined;
  /** The whole answer, white space at both ends aside. */
  equals?: string | undefined;
  /** One JSON document, a Markdown code fence around it aside. */
  json?: true | undefined;
  /** The answer is generated under this schema's grammar and must be whole. */
  jsonSchema?: JsonObject | undefined;
  /** The model ends its turn within this many tokens. */
  endsItself?: number | undefined;
  /** No piece over and over; true when absent. */
  notRepeating?: boolean | undefined;
  /** No broken characters; true when absent. */
  validUtf8?: boolean | undefined;
  /** The base model's own answer, to the letter. */
  sameAsBase?: true | undefined;
  /** Calls this one of the tools offered, with the arguments it requires. */
  toolCall?: string | undefined;
  /** Embedding models: least cosine between the vector and the base's; 0.9 when absent. */
  cosineToBase?: number | undefined;
};

export type SmokePrompt = {
  prompt: string;
  /** System prompt; the model gets none when absent. */
  system?: string | undefined;
  /** Longest answer in tokens. */
  maxTokens: number;
  /** Functions that the chat template shows the model. */
  tools?: readonly SmokeTool[] | undefined;
  expect?: Expectation | undefined;
};

/** The part of a prompt that decides the answer. */
export function questionOf({ prompt, system, maxTokens, tools, expect }: SmokePrompt): SmokeQuestion {
  return { prompt, system: system ?? null, maxTokens, tools: tools ?? [], jsonSchema: expect?.jsonSchema ?? null };
}
