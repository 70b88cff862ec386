import {
  type GbnfJsonObjectSchema,
  type Llama,
  type LlamaContextSequence,
  LlamaGrammarEvaluationState,
  type LlamaModel,
  type Token,
} from "node-llama-cpp";
import type { AnswerMessage, SmokeQuestion } from "./protocol.js";
import { renderPrompt } from "./render-prompt.js";

export interface Generator {
  llama: Llama;
  model: LlamaModel;
  sequence: LlamaContextSequence;
  /** The file's chat template; without one, the model continues the prompt. */
  template: string | undefined;
  onToken(): void;
}

/** Type of any schema; the recipe parser has checked the keywords. */
type ObjectSchema = Pick<GbnfJsonObjectSchema, "type">;

/** node-llama-cpp's JSON grammar ends with line feeds; four of them end the answer. */
const grammarEnd = "\n\n\n\n";

/** Answers one question with greedy sampling. Throws if the template, the schema's grammar or llama.cpp fails. */
export async function generate(
  { llama, model, sequence, template, onToken }: Generator,
  question: SmokeQuestion,
): Promise<Omit<AnswerMessage, "kind" | "index">> {
  const grammar =
    question.jsonSchema === null
      ? undefined
      : await llama.createGrammarForJsonSchema(question.jsonSchema as unknown as ObjectSchema);
  const { text: rendered, toolsShown } = render(model, template, question);
  const prompt = tokenize(model, rendered);
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
  const text = /<think>\s*$/.test(rendered) ? `<think>${generated}` : generated;
  return {
    // The token limit may split a character, which is not a fault of the model.
    text: stopReason === "maxTokens" ? text.replace(/\uFFFD$/, "") : text,
    stopReason,
    promptTokens: prompt.length,
    tokens: tokens.length,
    promptSeconds: ((firstToken ?? finished) - started) / 1000,
    seconds: (finished - (firstToken ?? finished)) / 1000,
    toolsShown,
    schemaFault: grammar === undefined ? null : faultOf(() => grammar.parse(generated)),
  };
}

function render(model: LlamaModel, template: string | undefined, question: SmokeQuestion) {
  if (template === undefined) return { text: question.prompt, toolsShown: false };
  const special = { bos: model.tokens.bosString ?? undefined, eos: model.tokens.eosString ?? undefined };
  const text = renderTemplate(template, question, special);
  const toolsShown = question.tools.length > 0 && text !== renderPrompt(template, { ...question, tools: [] }, special);
  return { text, toolsShown };
}

function renderTemplate(...args: Parameters<typeof renderPrompt>): string {
  try {
    return renderPrompt(...args);
  } catch (error) {
    throw new Error(`the chat template does not render: ${error instanceof Error ? error.message : String(error)}`);
  }
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
