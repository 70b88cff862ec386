/** What the smoke child is asked, as JSON on its standard input. */
export interface SmokeRequest {
  /** GGUF file name in the child's working folder. */
  model: string;
  threads: number;
  /** Tokens of context. */
  context: number;
  prompts: { prompt: string; system: string | null; maxTokens: number }[];
}

/** What it answers: one JSON document per line on standard output, in this order. */
export type SmokeMessage =
  | { kind: "loaded"; seconds: number; template: boolean }
  | {
      kind: "answer";
      index: number;
      text: string;
      /** `eogToken` when the model ended its turn itself, `maxTokens` when it was cut. */
      stopReason: string;
      tokens: number;
      seconds: number;
    };
