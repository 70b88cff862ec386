import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { describe, expect, test } from "vitest";
import { emptyCard } from "../../src/checkpoint/base-card.js";
import { licenseUrl } from "../../src/checkpoint/license-url.js";
import { renderBom } from "../../src/release/bom.js";
import type { ReleaseFacts } from "../../src/release/release-facts.js";
import { someFacts } from "../fixtures/release-facts.js";

const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);

/** Errors of CycloneDX's published schema as JSON; `null` without any. */
const complaints = async (bom: string) => JSON.stringify(await validator.validate(bom), null, 1);
const parsed = (facts: ReleaseFacts) => JSON.parse(renderBom(facts));

describe("the bill of materials", () => {
  test.each<[string, ReleaseFacts]>([
    ["with everything", someFacts],
    [
      "of a local model without licence, texts and figures",
      {
        ...someFacts,
        baseModel: null,
        card: emptyCard,
        texts: [],
        toolFiles: [],
        modelFiles: [],
        files: [],
        report: {
          ...someFacts.report,
          model: { ...someFacts.report.model, commit: null, architecture: null },
          variants: someFacts.report.variants.map((variant) => ({ ...variant, quality: null, smoke: null })),
        },
      },
    ],
    ["with an SPDX licence", { ...someFacts, card: { ...someFacts.card, license: "cc-by-nc-4.0" } }],
    [
      "with a base model that is not a repository",
      { ...someFacts, card: { ...emptyCard, baseModels: ["./a folder", "x"] } },
    ],
  ])("%s follows CycloneDX 1.6's schema", async (_, facts) => {
    expect(await complaints(renderBom(facts))).toBe("null");
  });

  test("the schema rejects invalid documents", async () => {
    expect(await complaints(renderBom(someFacts).replace('"SHA-256"', '"SHA-257"'))).not.toBe("null");
    expect(await complaints(renderBom(someFacts).replace('"urn:uuid:', '"uuid:'))).not.toBe("null");
  });

  test("lists the base models, and the licence with name and URL", () => {
    const { component } = parsed(someFacts).metadata;
    const licenses = [
      {
        license: {
          name: "example-licence",
          url: "https://huggingface.co/org/Example-4B-Instruct/blob/main/LICENSE",
        },
      },
    ];
    expect(component).toMatchObject({ type: "machine-learning-model", licenses });
    expect(component.pedigree.ancestors).toMatchObject([
      {
        name: "org/Example-4B-Instruct",
        purl: expect.stringMatching(/^pkg:huggingface\/org\/Example-4B-Instruct@/),
        components: [{ name: "config.json" }, { hashes: [{ alg: "SHA-256", content: "a1".repeat(32) }] }],
      },
      { name: "org/Example-4B-Base", purl: "pkg:huggingface/org/Example-4B-Base" },
    ]);
  });

  test("contains metrics with confidence intervals, and all files", () => {
    const bom = parsed(someFacts);
    const { performanceMetrics } = bom.metadata.component.modelCard.quantitativeAnalysis;
    expect(performanceMetrics).toHaveLength(3 * someFacts.report.variants.length);
    const [first] = performanceMetrics;
    expect(Number(first.confidenceInterval.lowerBound)).toBeLessThan(Number(first.value));
    expect(Number(first.confidenceInterval.upperBound)).toBeGreaterThan(Number(first.value));
    expect(bom.components.map(({ type, name }: { type: string; name: string }) => `${type} ${name}`)).toEqual([
      "machine-learning-model Example-4B-Instruct-Q4_K_M.gguf",
      "file README.md",
      "data mine.txt",
      "data self-sampled.txt",
      "data wiki.test.raw",
    ]);
  });

  test("derives its serial number from the content", () => {
    const serial = (facts: ReleaseFacts) => parsed(facts).serialNumber as string;
    expect(serial(someFacts)).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(serial(someFacts)).toBe(serial(structuredClone(someFacts)));
    expect(serial({ ...someFacts, files: someFacts.files.slice(1) })).not.toBe(serial(someFacts));
  });
});

test("licenseUrl keeps a URL and resolves a file in its repository", () => {
  expect(licenseUrl("https://example.org/l", "org/m")).toBe("https://example.org/l");
  expect(licenseUrl("./LICENSE.md", "org/m")).toBe("https://huggingface.co/org/m/blob/main/LICENSE.md");
  expect(licenseUrl("LICENSE", null)).toBeNull();
});
