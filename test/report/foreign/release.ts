import type { BaseCard } from "../../../src/checkpoint/base-card.js";
import type { Gguf, GgufValue } from "../../../src/gguf/gguf.js";
import { estimateFit } from "../../../src/hardware/fit/estimate-fit.js";
import type { ReleaseFacts } from "../../../src/release/release-facts.js";
import type { RunReport } from "../../../src/release/release-report.js";
import { assetPaths } from "../../../src/report/assets.js";
import type { CardFacts } from "../../../src/report/card/card-facts.js";
import { renderCharts } from "../../../src/report/charts/release-charts.js";
import type { PageFacts } from "../../../src/report/html/page-facts.js";
import type { ModelYamlFacts } from "../../../src/report/lm-studio.js";
import { ollamaParams } from "../../../src/report/ollama/params.js";
import type { RecommendationFacts } from "../../../src/report/recommendation.js";
import { MB, someBackends, someDevice, someModel } from "../../fixtures/fit-models.js";
import { hardwareOf } from "../../fixtures/release-hardware.js";
import { measured } from "../../fixtures/release-page.js";
import { largeReport, typed } from "../../fixtures/release-report.js";

const variants = largeReport.variants.slice(0, 5);
const fit = hardwareOf({ ...largeReport, variants }, ["rtx-3090", "iphone-15-pro"]);

/** The facts of all files that a release has for people and programs. */
export interface ForeignRelease {
  card: CardFacts;
  page: PageFacts;
  release: ReleaseFacts;
  modelYaml: ModelYamlFacts;
  recommendation: RecommendationFacts;
}

/**
 * A release all of whose texts come from `text`, which receives the name of the field; also those that a recipe's schema
 * or the Hub restricts. `licenseLink` is the address of the licence.
 */
export function foreignRelease(text: (field: string) => string, licenseLink: string | null): ForeignRelease {
  const report = foreignReport(text);
  const card = foreignCard(text, licenseLink);
  const corpus = (field: string) => ({ corpus: text(field), chunks: 80, context: 512 });
  const use = (field: string) => ({
    ...corpus(field),
    files: [{ name: text(`${field} file`), sha256: text("digest") }],
  });
  const hardware = foreignHardware(text, report);
  const typedTensors = [typed(`blk.0.ffn_up.${text("tensor")}`, "Q4_K"), typed(text("tensor"), "Q6_K")];
  const tensors = new Map(report.variants.map(({ name }) => [name, measured(typedTensors)]));
  return {
    card: {
      ...{ report, card, hardware, unsafe: [text("unsafe file")], conversational: true, embedding: false },
      ...{ baseModel: "org/Model", quantizedBy: text("publisher"), tags: [text("tag")], repo: null },
      ...{ imatrixFile: text("imatrix"), calibrationDatasets: [text("dataset")], ollamaNote: "" },
      ...{ promptFormat: text("prompt format"), layout: {} },
      evaluation: corpus("evaluation text"),
      assets: new Set([
        ...[assetPaths.sizeKld, assetPaths.kldPercentiles, assetPaths.expertCoverage],
        ...report.variants.map(({ name }) => assetPaths.types(name)),
      ]),
    },
    page: {
      ...{ report, card, hardware, unsafe: [text("unsafe file")] },
      texts: { calibration: use("calibration"), search: use("search"), evaluation: use("evaluation") },
      tensors,
      charts: renderCharts({
        ...{ report, tensors },
        coverage: [0, 1].map((layer) => ({ name: `blk.${layer}.ffn_up_exps.${text("tensor")}`, tokens: [1, 2, 3] })),
      }),
    },
    release: {
      ...{ report, card, baseModel: text("base model"), lock: { version: 1 }, commands: [] },
      modelFiles: [{ name: text("model file"), digest: { sha256: "a1".repeat(32) } }],
      texts: [{ use: "calibration", name: text("text"), digest: { sha256: "b2".repeat(32) } }],
      toolFiles: [{ name: "libggml-base.so", digest: { sha256: "c3".repeat(32) } }],
      files: [{ path: text("file"), sha256: "d4".repeat(32) }],
    },
    modelYaml: foreignModelYaml(text, report),
    recommendation: foreignRecommendation(text),
  };
}

function foreignReport(text: (field: string) => string): RunReport {
  const foreignVariants = variants.map((variant, index) => ({
    ...variant,
    name: `${variant.name}${text("variant")}`,
    file: `${text("file")}-${index}`,
    quality: variant.quality && { ...variant.quality, corpus: text("corpus"), chunks: index === 0 ? 8 : 80 },
    ...(variant.allocation?.probes
      ? { allocation: { ...variant.allocation, probes: { ...variant.allocation.probes, corpus: text("probe text") } } }
      : {}),
    rounding: {
      ...{ method: "feedback" as const, tensors: 1, lossRatio: 0.5 },
      nearest: [{ name: text("tensor"), reason: "singular" as const }],
    },
    smoke: { passed: 2, failed: 1, ...foreignAnswers(text) },
    gate: index === 4 ? ("failed" as const) : ("passed" as const),
    reasons: index === 4 ? [text("reason")] : [],
  }));
  return {
    ...largeReport,
    recipe: text("recipe"),
    model: {
      ...{ name: text("model"), source: text("source"), commit: text("commit"), architecture: text("architecture") },
      parameters: 4e9,
    },
    variants: foreignVariants,
    projectors: [
      {
        ...{ type: "F16", file: text("projector"), bytes: 1e9, sha256: "ab" },
        ...{ pictures: true, audio: true, pictureTokens: 256, shown: true },
      },
    ],
    compute: { backend: text("backend"), device: text("graphics card"), driver: text("driver"), gpuLayers: 7 },
    calibration: { corpus: text("calibration text"), chunks: 80, context: 512 },
    toolchain: { llamaCpp: text("llama.cpp"), nodeLlamaCpp: text("node-llama-cpp") },
  };
}

/** A checkpoint's card. The licence is `other`, which has a name and an address. */
function foreignCard(text: (field: string) => string, licenseLink: string | null): BaseCard {
  return {
    ...{ license: "other", licenseName: text("licence"), licenseLink, gated: true },
    ...{ languages: [text("language"), "en"], pipelineTag: text("task"), tags: [text("base tag")] },
    ...{ datasets: [text("base dataset"), "org/data"], baseModels: [text("ancestor"), "org/Base"] },
  };
}

function foreignHardware(text: (field: string) => string, report: RunReport): CardFacts["hardware"] {
  const variantName = (name: string) => report.variants[variants.findIndex((one) => one.name === name)]?.name ?? name;
  return {
    ...fit,
    variants: fit.variants.map((variant) => ({ ...variant, name: variantName(variant.name), file: text("file") })),
    results: fit.results.map((result) => ({ ...result, variant: variantName(result.variant) })),
    devices: fit.devices.map((device) => ({ ...device, name: `${text("device")} ${device.name}` })),
    recommended: fit.recommended.map((pick) => ({
      ...pick,
      ...(pick.variant === null ? {} : { variant: variantName(pick.variant) }),
      reason: text("reason"),
    })),
  };
}

function foreignAnswers(text: (field: string) => string) {
  const answer = {
    prompt: text("prompt"),
    answer: text("answer"),
    stopReason: text("stop"),
    failures: [text("failure")],
    skipped: [text("skipped")],
  };
  return { problem: text("problem"), answers: [answer] };
}

function foreignModelYaml(text: (field: string) => string, report: RunReport): ModelYamlFacts {
  const string = (value: string): GgufValue => ({ type: "string", value });
  const architecture = text("architecture");
  const gguf = {
    metadata: new Map<string, GgufValue>([
      ["general.architecture", string(architecture)],
      ["general.size_label", string(text("size"))],
      [`${architecture}.context_length`, { type: "float32", value: Number.POSITIVE_INFINITY }],
      ["general.sampling.temp", { type: "float32", value: Number.NaN }],
      ["general.sampling.top_p", { type: "float32", value: 0.5 }],
      ["tokenizer.chat_template", string(text("template"))],
    ]),
  } as unknown as Gguf;
  return { report, gguf, repo: text("repo"), embedding: false, sampling: ollamaParams(gguf) };
}

function foreignRecommendation(text: (field: string) => string): RecommendationFacts {
  const device = { ...someDevice({ budget: 2000 * MB, backends: ["metal"] }), name: text("device") };
  const question = { variant: "Q4_K_M", model: someModel(), device, backends: someBackends, context: 1024 };
  const deviceFit = estimateFit({ ...question, kvType: "f16" });
  const row = {
    model: text("model"),
    variant: text("variant"),
    file: text("file"),
    bytes: 1e9,
    kldMean: 0.01,
    fit: deviceFit,
  };
  return {
    ...{ device, task: "chat", context: 1024, kvType: "f16", variants: [row], pick: row, reason: text("reason") },
    ...{ endurance: text("endurance"), notes: [text("note")] },
    snippet: {
      ...{ repo: null, file: row.file, tag: row.variant, projector: text("projector"), context: 1024, kvType: "f16" },
      ...{ flags: deviceFit.flags, layers: deviceFit.layers, system: text("system"), prompt: text("prompt") },
    },
    sources: [{ id: "a", title: text("title"), url: `https://huggingface.co/${text("page")}` }],
  };
}
