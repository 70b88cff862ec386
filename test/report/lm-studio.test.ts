import { expect, test } from "vitest";
import { parse } from "yaml";
import type { Gguf, GgufValue } from "../../src/gguf/gguf.js";
import { renderModelYaml } from "../../src/report/lm-studio.js";
import { ollamaParams } from "../../src/report/ollama/params.js";
import { largeReport } from "../fixtures/release-report.js";

const text = (value: string): GgufValue => ({ type: "string", value });
const header = (more: Record<string, GgufValue> = {}): Gguf => ({
  ...{ path: "x.gguf", version: 3, tensors: [], alignment: 32, dataOffset: 0, fileBytes: 0 },
  metadata: new Map(
    Object.entries({
      "general.architecture": text("qwen3"),
      "general.size_label": text("4B"),
      "qwen3.context_length": { type: "uint32", value: 40_960 },
      ...more,
    }),
  ),
});

test("model.yaml contains source, metadata and sampling parameters", () => {
  const gguf = header({
    "general.sampling.temp": { type: "float32", value: Math.fround(0.6) },
    "general.sampling.top_p": { type: "float32", value: Math.fround(0.95) },
    "general.sampling.top_k": { type: "int32", value: 20 },
    "tokenizer.chat_template": text("{% if tools %}{% endif %}"),
  });
  const sampling = ollamaParams(gguf);
  expect(sampling).toEqual({ temperature: 0.6, top_k: 20, top_p: 0.95 });
  const facts = { report: largeReport, gguf, repo: "Me/Example-GGUF", embedding: false, sampling };
  expect(parse(renderModelYaml(facts))).toEqual({
    model: `me/${largeReport.model.name.toLowerCase()}`,
    base: [{ key: "me/example-gguf", sources: [{ type: "huggingface", user: "Me", repo: "Example-GGUF" }] }],
    metadataOverrides: {
      domain: "llm",
      architectures: ["qwen3"],
      compatibilityTypes: ["gguf"],
      paramsStrings: ["4B"],
      minMemoryUsageBytes: Math.min(...largeReport.variants.map(({ bytes }) => bytes)),
      contextLengths: [40_960],
      vision: false,
      trainedForToolUse: true,
    },
    config: {
      operation: {
        fields: [
          { key: "llm.prediction.temperature", value: 0.6 },
          { key: "llm.prediction.topKSampling", value: 20 },
          { key: "llm.prediction.topPSampling", value: { checked: true, value: 0.95 } },
        ],
      },
    },
  });
});

test("numbers that JSON cannot express are omitted", () => {
  const gguf = header({
    "general.sampling.temp": { type: "float32", value: Number.NaN },
    "general.sampling.top_p": { type: "float32", value: 0.5 },
    "qwen3.context_length": { type: "float32", value: Number.POSITIVE_INFINITY },
  });
  expect(ollamaParams(gguf)).toEqual({ top_p: 0.5 });
  const facts = { report: largeReport, gguf, repo: "me/x", embedding: false, sampling: {} };
  expect(parse(renderModelYaml(facts)).metadataOverrides).not.toHaveProperty("contextLengths");
});

test("without recommended sampling, model.yaml has no config", () => {
  const facts = { report: largeReport, gguf: header(), repo: "me/x", embedding: true, sampling: {} };
  const document = parse(renderModelYaml(facts));
  expect(document).not.toHaveProperty("config");
  expect(document.metadataOverrides.domain).toBe("embedding");
});
