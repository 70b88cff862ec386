import { PIPELINE_TYPES } from "@huggingface/tasks";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { emptyCard } from "../../src/checkpoint/base-card.js";
import { overrideCard } from "../../src/checkpoint/override-card.js";
import { type FrontMatterFacts, frontMatter } from "../../src/report/front-matter.js";
import { largeReport } from "../fixtures/release-report.js";

/** Front matter that the Hub accepts (hub-docs, modelcard.md), without unknown keys. */
const repository = z.string().regex(/^[\w.-]+(\/[\w.-]+)?$/);
const hubSchema = z
  .strictObject({
    base_model: repository.optional(),
    base_model_relation: z.enum(["quantized"]).optional(),
    library_name: z.literal("gguf"),
    pipeline_tag: z.enum(PIPELINE_TYPES),
    license: z
      .string()
      .regex(/^[a-z0-9.-]+$/)
      .optional(),
    license_name: z.string().min(1).optional(),
    license_link: z.union([z.url(), z.literal("LICENSE")]).optional(),
    language: z
      .array(z.string().regex(/^([a-z]{2,3}(-[A-Za-z0-9]+)*|code|multilingual)$/))
      .min(1)
      .optional(),
    tags: z.array(z.string().min(1)).refine((tags) => new Set(tags).size === tags.length && tags.includes("gguf")),
    datasets: z.array(repository).min(1).optional(),
    quantized_by: z.string().min(1).optional(),
    "model-index": z
      .array(
        z.strictObject({
          name: z.string().min(1),
          results: z
            .array(
              z.strictObject({
                task: z.strictObject({ type: z.string().min(1) }),
                dataset: z.strictObject({ name: z.string().min(1), type: z.string().min(1) }),
                metrics: z
                  .array(z.strictObject({ type: z.string().min(1), name: z.string(), value: z.number() }))
                  .min(1),
              }),
            )
            .min(1),
        }),
      )
      .optional(),
  })
  .refine((card) => (card.license === "other") === (card.license_name !== undefined))
  .refine((card) => (card.base_model === undefined) === (card.base_model_relation === undefined));

const facts: FrontMatterFacts = {
  report: largeReport,
  baseModel: "org/Example-4B",
  card: {
    license: "other",
    licenseName: "Example terms: version 2",
    licenseLink: "LICENSE",
    languages: ["en", "no", "Klingon!", "zh-Hans"],
    pipelineTag: "image-text-to-text",
    tags: ["chat", "safetensors", "transformers", "region:us", "conversational", "gguf"],
    datasets: ["org/training", "a data set"],
    baseModels: ["org/Example-4B-Base"],
    gated: true,
  },
  quantizedBy: "me",
  tags: ["my tag: special", "chat"],
  conversational: true,
  embedding: false,
  imatrixFile: "Example-4B-imatrix.gguf",
  calibrationDatasets: ["Salesforce/wikitext"],
};

const read = (change: Partial<FrontMatterFacts> = {}) => {
  const text = frontMatter({ ...facts, ...change });
  return parse(/^---\n([\s\S]*?)\n---\n$/.exec(text)?.[1] ?? "");
};

describe("the front matter", () => {
  test.each<[string, Partial<FrontMatterFacts>]>([
    ["of a gated multimodal model with its own terms", {}],
    ["of a local folder without a card", { baseModel: null, card: emptyCard, quantizedBy: null, tags: [] }],
    ["of an embedding model", { card: emptyCard, embedding: true, conversational: false, imatrixFile: null }],
    ["of files that were not measured", { report: { ...largeReport, variants: [] } }],
    ["with the recipe's own licence", { card: overrideCard(facts.card, { license: "mit" }) }],
  ])("%s is valid for the Hub", (_, change) => {
    expect(hubSchema.safeParse(read(change)).error).toBeUndefined();
  });

  test("inherits the values of the base that apply to GGUF files", () => {
    const { "model-index": _index, ...rest } = read();
    expect(rest).toEqual({
      base_model: "org/Example-4B",
      base_model_relation: "quantized",
      library_name: "gguf",
      pipeline_tag: "image-text-to-text",
      license: "other",
      license_name: "Example terms: version 2",
      license_link: "https://huggingface.co/org/Example-4B/blob/main/LICENSE",
      language: ["en", "no", "zh-Hans"],
      tags: ["gguf", "imatrix", "conversational", "my tag: special", "chat"],
      datasets: ["Salesforce/wikitext", "org/training"],
      quantized_by: "me",
    });
  });

  test("derives the task if the base model's card has none", () => {
    const task = (change: Partial<FrontMatterFacts>) => read({ card: emptyCard, ...change }).pipeline_tag;
    expect(task({})).toBe("text-generation");
    expect(task({ embedding: true })).toBe("feature-extraction");
    expect(task({ reranker: true })).toBe("text-ranking");
    expect(task({ embedding: true, card: { ...emptyCard, pipelineTag: "text-generation" } })).toBe(
      "feature-extraction",
    );
    const card = { ...emptyCard, pipelineTag: "sentence-similarity" };
    expect(task({ embedding: true, card })).toBe("sentence-similarity");
  });

  test("indexes the figures of every measured variant", () => {
    const [index] = read()["model-index"];
    expect(index.results).toHaveLength(1);
    expect(index.results[0].metrics).toHaveLength(2 * largeReport.variants.length);
    expect(index.results[0].metrics[0]).toMatchObject({ type: "perplexity", name: "Q8_0: perplexity" });
  });
});

test("a recipe overrides the base's licence with name and link, and its languages", () => {
  expect(overrideCard(facts.card, { license: "mit" })).toMatchObject({
    license: "mit",
    licenseName: null,
    licenseLink: null,
  });
  expect(overrideCard(facts.card, { licenseLink: "https://example.org" })).toMatchObject({
    license: "other",
    licenseName: "Example terms: version 2",
    licenseLink: "https://example.org",
  });
  expect(overrideCard(facts.card, { languages: ["de"] }).languages).toEqual(["de"]);
});
