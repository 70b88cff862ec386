import { licenseUrl } from "../checkpoint/license-url.js";
import { repoId } from "../hub/hub-ref.js";
import { hubUrl } from "../hub/hub-url.js";
import { canonicalJson, type Json, type JsonObject } from "../util/canonical-json.js";
import { sha256 } from "../util/sha256.js";
import { comparedBase, toolName } from "./figures.js";
import type { InputFile, InputText, ReleaseFacts } from "./release-facts.js";
import { spdxId } from "./spdx.js";
import { variantFiles } from "./variant-files.js";

export const bomFile = "bom.cdx.json";

/**
 * Renders `bom.cdx.json`: a CycloneDX 1.6 bill of materials with a model card, the base models, every published file, the
 * texts and the tools. Deterministic: without timestamps, and with a serial number derived from the content.
 */
export function renderBom(facts: ReleaseFacts): string {
  const bom: JsonObject = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { tools: { components: tools(facts) }, component: model(facts) },
    components: [...files(facts), ...texts(facts)],
    dependencies: [
      { ref: "model", dependsOn: [...facts.files.map(fileRef), ...facts.texts.map(textRef)] },
      ...facts.files.map((file) => ({ ref: fileRef(file) })),
      ...facts.texts.map((text) => ({ ref: textRef(text) })),
    ],
  };
  return sealBom(bom);
}

/** Renders a bill of materials with the serial number of its content. */
export function sealBom({ serialNumber: _former, ...bom }: JsonObject): string {
  const { $schema, bomFormat, specVersion, ...rest } = bom;
  const serialNumber = `urn:uuid:${contentUuid(bom)}`;
  return `${JSON.stringify({ $schema, bomFormat, specVersion, serialNumber, ...rest }, null, 2)}\n`;
}

/** A UUID of version 8 (RFC 9562: application-defined) from the sha256 of the content. */
function contentUuid(content: Json): string {
  const hex = sha256(canonicalJson(content));
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `${variant}${hex.slice(17, 20)}`];
  return [...parts, hex.slice(20, 32)].join("-");
}

function model(facts: ReleaseFacts): JsonObject {
  const { report, card } = facts;
  return {
    type: "machine-learning-model",
    "bom-ref": "model",
    name: `${report.model.name} GGUF`,
    description: `GGUF variants of ${report.model.name}: ${report.variants.map(({ name }) => name).join(", ")}`,
    ...licenses(facts),
    pedigree: {
      ancestors: ancestors(facts),
      notes: `${report.model.files === undefined ? "Converted to GGUF and quantized" : "Quantized"}; see provenance.intoto.json.`,
    },
    modelCard: {
      modelParameters: {
        ...(card.pipelineTag === null ? {} : { task: card.pipelineTag }),
        ...(report.model.architecture === null ? {} : { architectureFamily: report.model.architecture }),
        ...(facts.texts.length === 0 ? {} : { datasets: facts.texts.map((text) => ({ ref: textRef(text) })) }),
      },
      quantitativeAnalysis: { performanceMetrics: metrics(facts) },
    },
  };
}

function licenses({ card, baseModel }: ReleaseFacts): JsonObject {
  if (card.license === null) return {};
  const id = spdxId(card.license);
  if (id !== undefined) return { licenses: [{ license: { id } }] };
  const url = licenseUrl(card.licenseLink, baseModel);
  return { licenses: [{ license: { name: card.licenseName ?? card.license, ...(url === null ? {} : { url }) } }] };
}

/** The base model, and the base model's own base models. */
function ancestors(facts: ReleaseFacts): JsonObject[] {
  const { baseModel, report, card, modelFiles } = facts;
  const { commit, name } = report.model;
  const components = modelFiles.flatMap((file): JsonObject[] => {
    const digest = file.digest?.sha256;
    const hashes = digest === undefined ? {} : { hashes: [{ alg: "SHA-256", content: digest }] };
    return [{ type: "file", name: file.name, ...hashes }];
  });
  const further = card.baseModels.map((repo) => ancestor(repo));
  if (baseModel === null) return [{ type: "machine-learning-model", name, components }, ...further];
  return [{ ...ancestor(baseModel, commit), ...licenses(facts), components }, ...further];
}

function ancestor(repo: string, commit: string | null = null): JsonObject {
  return {
    type: "machine-learning-model",
    name: repo,
    ...(commit === null ? {} : { version: commit }),
    ...(repoId.test(repo)
      ? {
          purl: `pkg:huggingface/${repo}${commit === null ? "" : `@${commit}`}`,
          externalReferences: [{ type: "distribution", url: hubUrl(repo) }],
        }
      : {}),
  };
}

/** Metrics of each variant, with a 95 % confidence interval (± 1.96 standard errors) if the standard error is known. */
function metrics({ report }: ReleaseFacts): JsonObject[] {
  const base = comparedBase(report);
  return report.variants.flatMap(({ name, quality }) => {
    if (quality === null) return [];
    const slice = `${name} on ${quality.corpus}`;
    const metric = (type: string, value: number, error?: number): JsonObject => ({
      type,
      value: String(value),
      slice,
      ...(error === undefined || error === 0
        ? {}
        : {
            confidenceInterval: { lowerBound: String(value - 1.96 * error), upperBound: String(value + 1.96 * error) },
          }),
    });
    return [
      metric(`mean KL divergence from the ${base} (nats)`, quality.kldMean, quality.kldMeanError),
      metric(`perplexity ratio to the ${base}`, quality.perplexityRatio, quality.perplexityRatioError),
      metric(`same top token as the ${base} (percent)`, quality.sameTop, quality.sameTopError),
    ];
  });
}

function files({ files: all, report }: ReleaseFacts): JsonObject[] {
  const variants = new Map(
    report.variants.flatMap((variant) => variantFiles(variant).map((split) => [split.file, { variant, part: split }])),
  );
  return all.map((file) => {
    const model = variants.get(file.path);
    const { type, ...shared } = fileComponent(file);
    if (model === undefined) return { type, ...shared };
    const { variant, part: split } = model;
    const properties = [
      { name: "quantsmith:variant", value: variant.name },
      { name: "quantsmith:bitsPerWeight", value: variant.bitsPerWeight.toFixed(4) },
      { name: "quantsmith:bytes", value: String(split.bytes) },
    ];
    return { type: "machine-learning-model", ...shared, properties };
  });
}

/** A file of the release without weights. */
export function fileComponent(file: { path: string; sha256: string }) {
  return {
    type: "file",
    "bom-ref": fileRef(file),
    name: file.path,
    hashes: [{ alg: "SHA-256", content: file.sha256 }],
  };
}

function texts({ texts: all }: ReleaseFacts): JsonObject[] {
  return all.map((text) => ({
    type: "data",
    "bom-ref": textRef(text),
    name: text.name,
    description: `Text for ${text.use}`,
    ...(text.digest?.sha256 === undefined ? {} : { hashes: [{ alg: "SHA-256", content: text.digest.sha256 }] }),
    ...(text.uri === undefined ? {} : { externalReferences: [{ type: "distribution", url: text.uri }] }),
    data: [{ type: "dataset", name: text.name }],
  }));
}

const npmPackages: Readonly<Record<string, string>> = { quantsmith: "quantsmith", nodeLlamaCpp: "node-llama-cpp" };

function tools({ report, toolFiles }: ReleaseFacts): JsonObject[] {
  const programs = Object.entries(report.toolchain).map(([tool, version]) => {
    const npm = npmPackages[tool];
    const purl = npm === undefined ? {} : { purl: `pkg:npm/${npm}@${version}` };
    return { type: "application", name: toolName(tool), version, ...purl };
  });
  return [...programs, ...toolFiles.map(toolFile)];
}

function toolFile({ name, digest }: InputFile): JsonObject {
  const hashes = digest?.sha256 === undefined ? {} : { hashes: [{ alg: "SHA-256", content: digest.sha256 }] };
  return { type: "file", name, ...hashes };
}

const fileRef = ({ path }: { path: string }) => `file:${path}`;
const textRef = ({ use, name }: InputText) => `text:${use}:${name}`;
