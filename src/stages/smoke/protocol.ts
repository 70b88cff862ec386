import type { JsonObject } from "../../util/canonical-json.js";

/** A function the model may call, as chat templates take it. */
export type SmokeTool = {
  name: string;
  description?: string | undefined;
  /** JSON Schema of its arguments. */
  parameters?: JsonObject | undefined;
};

/** What decides the answer to a prompt. */
export type SmokeQuestion = {
  prompt: string;
  system: string | null;
  /** Longest answer. */
  maxTokens: number;
  tools: readonly SmokeTool[];
  /** Constrains the answer when it is there. */
  jsonSchema: JsonObject | null;
};

/** What the smoke child is asked, as JSON on its standard input. */
export interface SmokeRequest {
  /** GGUF file name in the child's working folder. */
  model: string;
  /** Embedding models are asked for a vector of each prompt, others for an answer. */
  embeds: boolean;
  threads: number;
  /** Tokens of context. */
  context: number;
  questions: readonly SmokeQuestion[];
}

export type AnswerMessage = {
  kind: "answer";
  index: number;
  /** Control tokens are left out, except where tools were offered: calls are made of them. */
  text: string;
  /** `eogToken` when the model ended its turn itself, `maxTokens` when it was cut. */
  stopReason: "eogToken" | "maxTokens";
  /** Tokens read, generated (the end of turn not counted), and the seconds both took. */
  promptTokens: number;
  tokens: number;
  promptSeconds: number;
  seconds: number;
  /** False when the chat template gives the same text without the question's tools. */
  toolsShown: boolean;
  /** Why a constrained answer is not what its schema asks for. */
  schemaFault: string | null;
};

export type EmbeddingMessage = {
  kind: "embedding";
  index: number;
  vector: readonly number[];
  promptTokens: number;
  promptSeconds: number;
};

/** What it answers: one JSON document per line on standard output. */
export type SmokeMessage =
  /** The native library is there; whatever goes wrong from here on is about the model. */
  | { kind: "ready" }
  /** A sign of life while a model is loaded or an answer grows. */
  | { kind: "alive" }
  /** `template`: whether the file has a chat template. */
  | { kind: "loaded"; seconds: number; template: boolean }
  | AnswerMessage
  | EmbeddingMessage
  /** An exception; `index` is the question's, null while loading. */
  | { kind: "failed"; index: number | null; reason: string };
