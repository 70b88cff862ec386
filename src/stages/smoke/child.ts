/**
 * The smoke test's child process: loads one GGUF with node-llama-cpp and answers rendered questions.
 * A separate process, since a broken file may crash native code.
 */
import { text } from "node:stream/consumers";
import { getLlama, type Llama, LlamaLogLevel, type LlamaModel } from "node-llama-cpp";
import { cosineOf } from "./check-embedding.js";
import { generate } from "./generate.js";
import type { SmokeMessage, SmokeRequest } from "./protocol.js";

// biome-ignore lint/plugin: the channel to the parent process
const send = (message: SmokeMessage) => process.stdout.write(`${JSON.stringify(message)}\n`);

async function main(): Promise<void> {
  const request = JSON.parse(await text(process.stdin)) as SmokeRequest;
  const gpu = request.backend === "cpu" ? false : request.backend;
  const llama = await getLlama({
    gpu,
    build: "never",
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
    maxThreads: request.threads,
  });
  if (llama.gpu !== gpu) throw new Error(`node-llama-cpp chose ${llama.gpu} instead of ${gpu}`);
  send({ kind: "ready" });
  const model = await orReport(null, () => load(llama, request));
  if (model === undefined) return;
  if (request.kind === "embedding") await embed(model, request);
  else if (request.kind === "reranker") await rank(model, request);
  else await answer(llama, model, request);
  await llama.dispose();
}

async function load(llama: Llama, request: SmokeRequest): Promise<LlamaModel> {
  const started = performance.now();
  const { model: modelPath, backend, gpuLayers } = request;
  const layers = backend === "cpu" ? {} : { gpuLayers };
  const model = await llama.loadModel({ modelPath, ...layers, onLoadProgress: alive });
  send({
    ...{ kind: "loaded", seconds: secondsSince(started) },
    ...{ template: hasTemplate(model), gpuLayers: model.gpuLayers },
  });
  return model;
}

const hasTemplate = (model: LlamaModel) => model.fileInfo.metadata.tokenizer?.chat_template !== undefined;

async function answer(llama: Llama, model: LlamaModel, request: SmokeRequest) {
  const { questions, rendered, context: contextSize, threads } = request;
  const context = await orReport(null, () => model.createContext({ contextSize, threads }));
  if (context === undefined) return;
  const generator = { llama, model, sequence: context.getSequence(), onToken: alive };
  for (const [index, question] of questions.entries()) {
    await orReport(index, async () => {
      send({ kind: "answer", index, ...(await generate(generator, question, rendered[index])) });
    });
  }
}

async function embed(model: LlamaModel, { questions, pairs, context: contextSize, threads }: SmokeRequest) {
  const context = await orReport(null, () => model.createEmbeddingContext({ contextSize, threads }));
  if (context === undefined) return;
  for (const [index, { prompt }] of questions.entries()) {
    await orReport(index, async () => {
      const started = performance.now();
      const { vector } = await context.getEmbeddingFor(prompt);
      const promptTokens = context.calculateInputLength(prompt);
      send({ kind: "embedding", index, vector, promptTokens, promptSeconds: secondsSince(started) });
    });
  }
  await orReport(null, async () => {
    const values: number[] = [];
    for (const [first, second] of pairs) {
      const { vector } = await context.getEmbeddingFor(first);
      values.push(cosineOf(vector, (await context.getEmbeddingFor(second)).vector));
      alive();
    }
    send({ kind: "similarities", values });
  });
}

async function rank(model: LlamaModel, { questions, pairs, context: contextSize, threads }: SmokeRequest) {
  const context = await orReport(null, () => model.createRankingContext({ contextSize, threads }));
  if (context === undefined) return;
  const score = async (query: string, document: string) => {
    alive();
    return context.rank(query, document);
  };
  for (const [index, { prompt }] of questions.entries()) {
    await orReport(index, async () => {
      const started = performance.now();
      const vector: number[] = [];
      for (const [, document] of pairs) vector.push(await score(prompt, document));
      const promptTokens = pairs.reduce((sum, [, text]) => sum + context.calculateInputLength(prompt, text), 0);
      send({ kind: "embedding", index, vector, promptTokens, promptSeconds: secondsSince(started) });
    });
  }
  await orReport(null, async () => {
    const values: number[] = [];
    for (const [query, document] of pairs) values.push(await score(query, document));
    send({ kind: "similarities", values });
  });
}

/** Sends an exception of `work` as the failure of a question, or of the model if `index` is null. */
async function orReport<T>(index: number | null, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    send({ kind: "failed", index, reason: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

let lastAlive = 0;

/** Sends at most one message per second. */
function alive(): void {
  if (performance.now() - lastAlive < 1000) return;
  lastAlive = performance.now();
  send({ kind: "alive" });
}

const secondsSince = (started: number) => (performance.now() - started) / 1000;

await main();
