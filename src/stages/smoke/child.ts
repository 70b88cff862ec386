/**
 * The smoke test's child process: loads one GGUF with node-llama-cpp and answers prompts through the file's own
 * chat template. It runs apart because native code that meets a broken file may take its process down.
 */
import { text } from "node:stream/consumers";
import { getLlama, JinjaTemplateChatWrapper, LlamaChatSession, LlamaLogLevel, type LlamaModel } from "node-llama-cpp";
import type { SmokeMessage, SmokeRequest } from "./protocol.js";

const say = (message: SmokeMessage) => process.stdout.write(`${JSON.stringify(message)}\n`);

async function main(): Promise<void> {
  const request = JSON.parse(await text(process.stdin)) as SmokeRequest;
  const llama = await getLlama({
    gpu: false,
    build: "never",
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
    maxThreads: request.threads,
  });
  const started = performance.now();
  const model = await llama.loadModel({ modelPath: request.model });
  const template = model.fileInfo.metadata.tokenizer?.chat_template;
  say({ kind: "loaded", seconds: secondsSince(started), template: template !== undefined });
  for (const [index, prompt] of request.prompts.entries()) {
    say({ kind: "answer", index, ...(await answer(model, template, request, prompt)) });
  }
  await llama.dispose();
}

async function answer(
  model: LlamaModel,
  template: string | undefined,
  request: SmokeRequest,
  prompt: SmokeRequest["prompts"][number],
) {
  const context = await model.createContext({ contextSize: request.context, threads: request.threads });
  const session = new LlamaChatSession({
    contextSequence: context.getSequence(),
    ...(template === undefined ? {} : { chatWrapper: new JinjaTemplateChatWrapper({ template }) }),
    ...(prompt.system === null ? {} : { systemPrompt: prompt.system }),
  });
  // The session writes a system message of its own unless its history is emptied; small models ramble on it.
  if (prompt.system === null) session.setChatHistory([]);
  const started = performance.now();
  const result = await session.promptWithMeta(prompt.prompt, { temperature: 0, seed: 0, maxTokens: prompt.maxTokens });
  const seconds = secondsSince(started);
  const tokens = model.tokenize(result.responseText).length;
  await context.dispose();
  return { text: result.responseText, stopReason: result.stopReason, tokens, seconds };
}

const secondsSince = (started: number) => (performance.now() - started) / 1000;

await main();
