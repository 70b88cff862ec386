import { stringify } from "yaml";
import type { BaseCard } from "../checkpoint/base-card.js";
import { licenseUrl } from "../checkpoint/license-url.js";
import { parseHubFileRef } from "../hub/hub-ref.js";
import type { RunReport, VariantQuality } from "../release/release-report.js";
import type { JsonObject } from "../util/canonical-json.js";

export interface FrontMatterFacts {
  report: RunReport;
  /** Repository of the base model on the Hub; null for a local folder. */
  baseModel: string | null;
  /** The base's card with the recipe's changes. */
  card: BaseCard;
  quantizedBy: string | null;
  /** Tags of the recipe. */
  tags: readonly string[];
  /** Whether the files carry a chat template. */
  conversational: boolean;
  /** Whether the model gives vectors instead of text. */
  embedding: boolean;
  imatrixFile: string | null;
  /** Data sets on the Hub that the importance matrix was made on. */
  calibrationDatasets: readonly string[];
}

/** Tags that tell how the base's files are stored or what loads them, which is not so of a GGUF file. */
const formatTags = new Set([
  ...["transformers", "safetensors", "pytorch", "tf", "tensorflow", "jax", "flax", "onnx", "openvino", "mlx", "coreml"],
  ...["text-generation-inference", "endpoints_compatible", "custom_code", "autotrain_compatible", "vllm", "tensorrt"],
  ...["gptq", "awq", "exl2", "bitsandbytes", "fp8", "4-bit", "8-bit", "unsloth", "trl", "sft", "dpo"],
]);

/**
 * The YAML block above a model card, by which the Hub files a model: inherited from the base model, completed with what
 * is known of the release. What the Hub would refuse is left out, since it refuses the whole upload for it.
 */
export function frontMatter(facts: FrontMatterFacts): string {
  return `---\n${stringify(frontMatterFields(facts), { aliasDuplicateObjects: false })}---\n`;
}

/** The same as data. */
export function frontMatterFields(facts: FrontMatterFacts): JsonObject {
  const { baseModel, card, quantizedBy, report } = facts;
  const languages = card.languages.filter(isLanguage);
  const datasets = [...new Set([...facts.calibrationDatasets, ...card.datasets.filter(isRepository)])];
  const modelIndex = evaluations(facts);
  return {
    ...(baseModel === null ? {} : { base_model: baseModel, base_model_relation: "quantized" }),
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

/** The base's task, else what the files can do. */
export function pipelineTag({ card, embedding }: Pick<FrontMatterFacts, "card" | "embedding">): string {
  return card.pipelineTag ?? (embedding ? "feature-extraction" : "text-generation");
}

/** The Hub wants name and link with `other`, and takes them with nothing else. */
function licenseFields({ license, licenseName, licenseLink }: BaseCard, baseModel: string | null): JsonObject {
  if (license === null) return {};
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

/** Figures as the Hub indexes them, one result for each text. */
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

/** The data set of the first text that a corpus is made of; `text` for a local one. */
function datasetOf(corpus: string): string {
  return parseHubFileRef(corpus.replace(/ \+ .*$/, ""))?.repo ?? "text";
}

/** Perplexities on different parts of a text do not compare. */
function part({ chunks, chunksAvailable }: VariantQuality): string {
  return chunks < chunksAvailable ? ` on ${chunks} of ${chunksAvailable} chunks` : "";
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
