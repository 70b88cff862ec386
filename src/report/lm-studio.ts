import type { Gguf } from "../gguf/gguf.js";
import { metadataNumber, metadataString } from "../gguf/metadata.js";
import type { RunReport } from "../release/release-report.js";
import type { Json, JsonObject } from "../util/canonical-json.js";
import { renderYaml } from "../util/printable-yaml.js";

export interface ModelYamlFacts {
  report: RunReport;
  /** GGUF header of one variant. */
  gguf: Gguf;
  /** Target repository on the Hub, `org/name`. */
  repo: string;
  embedding: boolean;
  /** Recommended sampling parameters, under Ollama's names. */
  sampling: Readonly<Record<string, Json>>;
}

/** Sampling parameters of LM Studio; some have a switch in addition to the value. */
const fields: readonly (readonly [name: string, key: string, switched: boolean])[] = [
  ["temperature", "llm.prediction.temperature", false],
  ["top_k", "llm.prediction.topKSampling", false],
  ["top_p", "llm.prediction.topPSampling", true],
  ["min_p", "llm.prediction.minPSampling", true],
  ["repeat_penalty", "llm.prediction.repeatPenalty", true],
];

/** Renders `model.yaml` (modelyaml.org, draft 1.0): LM Studio's model facts and default sampling parameters. */
export function renderModelYaml({ report, gguf, repo, embedding, sampling }: ModelYamlFacts): string {
  const [user = "", name = ""] = repo.split("/");
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const contextLength = metadataNumber(gguf, `${architecture}.context_length`);
  const size = metadataString(gguf, "general.size_label");
  const operation = fields.flatMap(([parameter, key, switched]): JsonObject[] => {
    const value = sampling[parameter];
    return value === undefined ? [] : [{ key, value: switched ? { checked: true, value } : value }];
  });
  const document = {
    model: `${user}/${report.model.name}`.toLowerCase(),
    base: [{ key: repo.toLowerCase(), sources: [{ type: "huggingface", user, repo: name }] }],
    metadataOverrides: {
      domain: embedding ? "embedding" : "llm",
      architectures: [architecture],
      compatibilityTypes: ["gguf"],
      ...(size === undefined ? {} : { paramsStrings: [size] }),
      minMemoryUsageBytes: Math.min(...report.variants.map(({ bytes }) => bytes)),
      ...(!Number.isSafeInteger(contextLength) ? {} : { contextLengths: [contextLength] }),
      vision: false,
      trainedForToolUse: /\btools\b/.test(metadataString(gguf, "tokenizer.chat_template") ?? ""),
    },
    ...(operation.length === 0 ? {} : { config: { operation: { fields: operation } } }),
  };
  return renderYaml(document);
}
