import type { ParsedAnswer } from "../../corpus/render-chats.js";
import type { BackendKind } from "../../llamacpp/compute/compute.js";
import type { JsonObject } from "../../util/canonical-json.js";
import type { ModelKind } from "./model-facts.js";

/** A function that the model may call, in the format of chat templates. */
export type SmokeTool = {
  name: string;
  description?: string | undefined;
  /** JSON Schema of its arguments. */
  parameters?: JsonObject | undefined;
};

/** The inputs of an answer. */
export type SmokeQuestion = {
  prompt: string;
  system: string | null;
  /** Longest answer in tokens. */
  maxTokens: number;
  tools: readonly SmokeTool[];
  /** Schema that constrains the answer, or null. */
  jsonSchema: JsonObject | null;
};

/** The text that the model continues, or the reason why the chat template does not render the question. */
export type RenderedPrompt = { text: string; toolsShown: boolean } | { failure: string };

/** Request to the smoke child, as JSON on its standard input. */
export interface SmokeRequest {
  /** GGUF file name in the child's working folder. */
  model: string;
  /**
   * Embedding models return a vector for each prompt instead of an answer, and rerankers the relevance of each pair's
   * second sentence for it.
   */
  kind: ModelKind;
  threads: number;
  backend: BackendKind;
  /** Layers on the devices; ignored on the CPU. */
  gpuLayers: "auto" | number;
  /** Tokens of context. */
  context: number;
  questions: readonly SmokeQuestion[];
  /** Texts whose similarities are measured pair by pair; unused for text models. */
  pairs: readonly (readonly [string, string])[];
  /** The questions as text, in their order; unused for all other models. */
  rendered: readonly RenderedPrompt[];
}

export type AnswerMessage = {
  kind: "answer";
  index: number;
  /** Excludes control tokens, except with tools, whose calls consist of them. */
  text: string;
  /** `eogToken` if the model ended its turn, `maxTokens` if the limit was reached. */
  stopReason: "eogToken" | "maxTokens";
  promptTokens: number;
  /** Generated tokens without the end of turn. */
  tokens: number;
  promptSeconds: number;
  seconds: number;
  /** False if the chat template renders the same text without the question's tools. */
  toolsShown: boolean;
  /** The reason why a constrained answer does not match its schema. */
  schemaFault: string | null;
  /** The calls of tools in the answer, which the parent process parses; absent for a question without tools. */
  toolCalls?: ParsedAnswer;
};

/** Returns whether a rendered chat ends in the middle of the model's thoughts; their tag is then put before the answer. */
export function endsInThought(rendered: string): boolean {
  return /<think>\s*$/.test(rendered);
}

/** The tag that `endsInThought` finds. */
export const thoughtTag = "<think>";

export type EmbeddingMessage = {
  kind: "embedding";
  index: number;
  vector: readonly number[];
  promptTokens: number;
  promptSeconds: number;
};

/** Message of the smoke child, one JSON document per line on standard output. */
export type SmokeMessage =
  /** The native library is loaded; later failures are about the model. */
  | { kind: "ready" }
  /** Progress while a model is loaded or an answer is generated. */
  | { kind: "alive" }
  /** `template`: true if the file has a chat template. `gpuLayers`: layers on the devices. */
  | { kind: "loaded"; seconds: number; template: boolean; gpuLayers: number }
  | AnswerMessage
  | EmbeddingMessage
  /** Cosines of the request's pairs, or the relevance of the second text for the first, in their order. */
  | { kind: "similarities"; values: readonly number[] }
  /** An exception; `index` is the question's, null while loading. */
  | { kind: "failed"; index: number | null; reason: string };
