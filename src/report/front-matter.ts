import type { BaseCard } from "../checkpoint/base-card.js";
import { licenseUrl } from "../checkpoint/license-url.js";
import { parseHubFileRef, repoId } from "../hub/hub-ref.js";
import type { RunReport, VariantQuality } from "../release/release-report.js";
import type { JsonObject } from "../util/canonical-json.js";
import { renderYaml } from "../util/printable-yaml.js";

export interface FrontMatterFacts {
  report: RunReport;
  /** Hub repository of the base model; null for a local folder. */
  baseModel: string | null;
  /** The base model's card with the recipe's overrides. */
  card: BaseCard;
  quantizedBy: string | null;
  /** Tags from the recipe. */
  tags: readonly string[];
  /** True if the files contain a chat template. */
  conversational: boolean;
  /** True for embedding models. */
  embedding: boolean;
  /** True for rerankers. */
  reranker?: boolean;
  imatrixFile: string | null;
  /** Hub datasets used for the imatrix. */
  calibrationDatasets: readonly string[];
}

/** Tags for the base's file formats and libraries, which do not apply to GGUF files. */
const formatTags = new Set([
  ...["transformers", "safetensors", "pytorch", "tf", "tensorflow", "jax", "flax", "onnx", "openvino", "mlx", "coreml"],
  ...["text-generation-inference", "endpoints_compatible", "custom_code", "autotrain_compatible", "vllm", "tensorrt"],
  ...["gptq", "awq", "exl2", "bitsandbytes", "fp8", "4-bit", "8-bit", "unsloth", "trl", "sft", "dpo"],
]);

/**
 * Renders the model card's YAML front matter, from the base model's card and the release. Omits invalid values, for which
 * the Hub would reject the whole upload.
 */
export function frontMatter(facts: FrontMatterFacts): string {
  return `---\n${renderYaml(frontMatterFields(facts))}---\n`;
}

/** Returns the front matter as data. */
function frontMatterFields(facts: FrontMatterFacts): JsonObject {
  const { baseModel, card, quantizedBy, report } = facts;
  const languages = card.languages.filter(isLanguage);
  const datasets = [...new Set([...facts.calibrationDatasets, ...card.datasets.filter(isRepository)])];
  const modelIndex = evaluations(facts);
  return {
    ...(baseModel === null || !repoId.test(baseModel)
      ? {}
      : { base_model: baseModel, base_model_relation: "quantized" }),
    library_name: "gguf",
    pipeline_tag: pipelineTag(facts),
    ...licenseFields(card, baseModel),
    ...(languages.length === 0 ? {} : { language: languages }),
    tags: tags(facts),
    ...(datasets.length === 0 ? {} : { datasets }),
    ...(quantizedBy === null ? {} : { quantized_by: quantizedBy }),
    ...(modelIndex.length === 0 ? {} : { "model-index": [{ name: `${report.model.name} GGUF`, results: modelIndex }] }),
  };
}

/** Returns the base model's task, else the default for its kind of output. Embedding models and rerankers do not generate text. */
function pipelineTag({ card, embedding, reranker }: Pick<FrontMatterFacts, "card" | "embedding" | "reranker">): string {
  const task = card.pipelineTag ?? "";
  const own = reranker ? "text-ranking" : embedding ? "feature-extraction" : "text-generation";
  if (task === "text-generation") return own;
  if (/^[a-z]+(-[a-z0-9]+)*$/.test(task)) return task;
  return own;
}

/** The Hub accepts and requires name and link only with `other`. */
function licenseFields(card: BaseCard, baseModel: string | null): JsonObject {
  const { licenseName, licenseLink } = card;
  const license = card.license?.toLowerCase() ?? "";
  if (!/^[a-z0-9][a-z0-9.+-]*$/.test(license)) return {};
  if (license !== "other") return { license };
  const link = licenseUrl(licenseLink, baseModel);
  return {
    license,
    ...(licenseName === null ? {} : { license_name: licenseName }),
    ...(link === null ? {} : { license_link: link }),
  };
}

function tags(facts: FrontMatterFacts): string[] {
  const inherited = facts.card.tags.filter((tag) => !formatTags.has(tag) && !tag.includes(":"));
  const own = [
    "gguf",
    ...(facts.imatrixFile === null ? [] : ["imatrix"]),
    ...(facts.conversational ? ["conversational"] : []),
  ];
  const derived = new Set(["gguf", "imatrix", "conversational"]);
  return [...new Set([...own, ...facts.tags, ...inherited.filter((tag) => !derived.has(tag))])];
}

function isLanguage(code: string): boolean {
  return /^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*|code|multilingual)$/.test(code);
}

function isRepository(id: string): boolean {
  return /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/.test(id);
}

/** Metrics for the Hub's index, one result per evaluation text. */
function evaluations(facts: FrontMatterFacts): JsonObject[] {
  const measured = facts.report.variants.flatMap(({ name, quality }) => (quality === null ? [] : [{ name, quality }]));
  return [...new Set(measured.map(({ quality }) => quality.corpus))].map((corpus) => ({
    task: { type: pipelineTag(facts) },
    dataset: { name: corpus, type: datasetOf(corpus) },
    metrics: measured
      .filter(({ quality }) => quality.corpus === corpus)
      .flatMap(({ name, quality }) => [
        { type: "perplexity", name: `${name}: perplexity${part(quality)}`, value: rounded(quality.perplexity) },
        { type: "kl_divergence", name: `${name}: mean KL divergence${part(quality)}`, value: rounded(quality.kldMean) },
      ]),
  }));
}

/** Hub dataset of the first text of a corpus; `text` for a local file. */
function datasetOf(corpus: string): string {
  return parseHubFileRef(corpus.replace(/ \+ .*$/, ""))?.repo ?? "text";
}

/** Suffix for partial measurements: perplexities on different parts of a text are not comparable. */
function part({ chunks, chunksAvailable }: VariantQuality): string {
  return chunks < chunksAvailable ? ` on ${chunks} of ${chunksAvailable} chunks` : "";
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
