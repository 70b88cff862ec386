import {
  type GbnfJsonObjectSchema,
  type Llama,
  type LlamaContextSequence,
  LlamaGrammarEvaluationState,
  type LlamaModel,
  type Token,
} from "node-llama-cpp";
import { type AnswerMessage, endsInThought, type RenderedPrompt, type SmokeQuestion, thoughtTag } from "./protocol.js";

export interface Generator {
  llama: Llama;
  model: LlamaModel;
  sequence: LlamaContextSequence;
  onToken(): void;
}

/** Type of any schema; the recipe parser has checked the keywords. */
type ObjectSchema = Pick<GbnfJsonObjectSchema, "type">;

/** node-llama-cpp's JSON grammar ends with line feeds; four of them end the answer. */
const grammarEnd = "\n\n\n\n";

/** Answers one question with greedy sampling. Throws if it was not rendered, or its grammar or llama.cpp fails. */
export async function generate(
  { llama, model, sequence, onToken }: Generator,
  question: SmokeQuestion,
  rendered: RenderedPrompt | undefined,
): Promise<Omit<AnswerMessage, "kind" | "index">> {
  if (rendered === undefined || "failure" in rendered) throw new Error(rendered?.failure);
  const grammar =
    question.jsonSchema === null
      ? undefined
      : await llama.createGrammarForJsonSchema(question.jsonSchema as unknown as ObjectSchema);
  const prompt = tokenize(model, rendered.text);
  const tokens: Token[] = [];
  const showControl = question.tools.length > 0;
  const textSoFar = () => model.detokenize(tokens, showControl);
  let stopReason: AnswerMessage["stopReason"] = "maxTokens";
  let firstToken: number | undefined;

  await sequence.clearHistory();
  const started = performance.now();
  const output = sequence.evaluate(prompt, {
    temperature: 0,
    seed: 0,
    yieldEogToken: true,
    ...(grammar && { grammarEvaluationState: new LlamaGrammarEvaluationState({ model, grammar }) }),
  });
  for await (const token of output) {
    firstToken ??= performance.now();
    onToken();
    if (!model.isEogToken(token)) tokens.push(token);
    if (model.isEogToken(token) || (grammar !== undefined && textSoFar().endsWith(grammarEnd))) {
      stopReason = "eogToken";
      break;
    }
    if (tokens.length >= question.maxTokens) break;
  }
  const finished = performance.now();
  // Removes the line feeds at the end of a JSON grammar.
  const generated = grammar === undefined ? textSoFar() : textSoFar().trimEnd();
  // Some templates end with `<think>`, which is prepended so that the thoughts are recognized.
  const text = endsInThought(rendered.text) ? `${thoughtTag}${generated}` : generated;
  return {
    // The token limit may split a character, which is not a fault of the model.
    text: stopReason === "maxTokens" ? text.replace(/\uFFFD$/, "") : text,
    stopReason,
    promptTokens: prompt.length,
    tokens: tokens.length,
    promptSeconds: ((firstToken ?? finished) - started) / 1000,
    seconds: (finished - (firstToken ?? finished)) / 1000,
    toolsShown: rendered.toolsShown,
    schemaFault: grammar === undefined ? null : faultOf(() => grammar.parse(generated)),
  };
}

/** Tokenizes like llama.cpp: parses control tokens and prepends one BOS if the vocabulary requires it. */
function tokenize(model: LlamaModel, text: string): Token[] {
  const tokens = model.tokenize(text, true);
  const { bos, shouldPrependBosToken } = model.tokens;
  return shouldPrependBosToken && bos !== null && tokens[0] !== bos ? [bos, ...tokens] : tokens;
}

function faultOf(check: () => unknown): string | null {
  try {
    check();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
