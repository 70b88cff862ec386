import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import type { RunReport } from "../../../src/release/release-report.js";
import { logTicks } from "../../../src/report/charts/log-ticks.js";
import { renderCharts } from "../../../src/report/charts/release-charts.js";
import { expertTokens } from "../../fixtures/release-page.js";
import { largeReport, largeTensors, typed } from "../../fixtures/release-report.js";

const facts = {
  report: largeReport,
  tensors: new Map([["Q4_K_S", largeTensors]]),
  coverage: expertTokens,
};
const names = largeReport.variants.map(({ name }) => name);

/** Texts of the elements in a chart that match a selector; tooltips are `title` elements. */
function texts(svg: string | undefined, selector: string): string[] {
  const { document } = parseHTML(`<html><body>${svg ?? ""}</body></html>`);
  return [...document.querySelectorAll(selector)].map((node) => (node as { textContent: string }).textContent);
}

function withQuality(change: object): RunReport {
  const variants = largeReport.variants.map((variant) =>
    variant.name === "Q8_0" && variant.quality !== null
      ? { ...variant, quality: { ...variant.quality, ...change } }
      : variant,
  );
  return { ...largeReport, variants };
}

describe("every chart", () => {
  const charts = renderCharts(facts);
  const all = [charts.sizeKld, charts.kldPercentiles, charts.expertCoverage, charts.types.get("Q4_K_S")];

  test("is deterministic, and defines no globals", () => {
    expect(renderCharts(facts)).toEqual(charts);
    expect(["window", "document", "navigator"].filter((name) => name in globalThis && name !== "navigator")).toEqual(
      [],
    );
  });

  test("is self-contained: has namespace, title and description, and no external references", () => {
    for (const svg of all) {
      expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      const [, title, description] = /aria-labelledby="(\S+) (\S+)"/.exec(svg ?? "") ?? [];
      expect(texts(svg, `#${title}`)[0]).not.toBe("");
      expect(texts(svg, `#${description}`)[0]?.length).toBeGreaterThan(40);
      expect(svg).toContain("@media (prefers-color-scheme: dark)");
      expect(svg).not.toMatch(/(href|src|url\()/);
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    }
  });

  test("has rounded coordinates, which are the same on all CPUs", () => {
    for (const svg of all) expect(svg).not.toMatch(/(translate\(|\s[xy][12]?="|width="|height=")[^")]*\.\d{3}/);
  });
});

describe("the size and KLD chart", () => {
  test("has the presets for comparison, each once, and a label at every tick", () => {
    const small = withQuality({ kldMean: 0.00035, kldMeanError: 0.00001 }).variants.slice(0, 10);
    const variants = small.map((variant) =>
      variant.name.startsWith("Q4_K") && variant.quality !== null
        ? { ...variant, comparator: { preset: "Q4_K_M", bytes: 2.46e9, bitsPerWeight: 4.9, quality: variant.quality } }
        : variant,
    );
    const { sizeKld } = renderCharts({ ...facts, report: { ...largeReport, variants } });
    expect(texts(sizeKld, "text.start").filter((text) => text === "llama.cpp Q4_K_M")).toHaveLength(1);
    expect(texts(sizeKld, "text.start")).toContain("llama.cpp's preset, not released");
    const ticks = texts(sizeKld, '[aria-label="y-axis tick label"] text');
    expect(ticks.length).toBeGreaterThan(6);
    expect(ticks.every((text) => Number(text) > 0)).toBe(true);
  });

  test("labels every variant, and marks variants that were not released", () => {
    const svg = renderCharts(facts).sizeKld;
    const shown = texts(svg, "text");
    for (const name of names) expect(shown).toContain(name);
    expect(shown).toEqual(expect.arrayContaining(["preset", "dynamic", "gate failed, not released"]));
    expect(shown).toContain("16-bit base: 8.04 GB, KLD 0");
    expect(texts(svg, ".dynamic title")).toHaveLength(4);
    expect(texts(svg, ".failed title")).toEqual(["Q2_K: 1.35 GB, mean KLD 0.480 ± 0.029"]);
  });

  test("accepts a KLD of zero, and an error bar below zero", () => {
    const none = renderCharts({ ...facts, report: withQuality({ kldMean: 0 }) }).sizeKld;
    expect(texts(none, "text")).not.toContain("Q8_0");
    const wide = renderCharts({ ...facts, report: withQuality({ kldMeanError: 0.001 }) }).sizeKld;
    expect(texts(wide, "text")).toContain("Q8_0");
    expect(wide).not.toContain("NaN");
  });

  test("is omitted without measurements", () => {
    const variants = largeReport.variants.map((variant) => ({ ...variant, quality: null }));
    const charts = renderCharts({ ...facts, report: { ...largeReport, variants } });
    expect([charts.sizeKld, charts.kldPercentiles]).toEqual([undefined, undefined]);
  });
});

test("percentiles: five marks per variant, largest file first, negative noise at the edge", () => {
  const svg = renderCharts({ ...facts, report: withQuality({ kldMedian: -1e-9 }) }).kldPercentiles;
  expect(texts(svg, "circle title")).toHaveLength(5 * names.length);
  expect(texts(svg, "circle title")[0]).toBe("Q8_0, median: -1.00e-9");
  expect(svg).not.toContain("NaN");
});

describe("the tensor type chart", () => {
  test("has a cell for every matrix with name, type and bits, and type names if they fit", () => {
    const svg = renderCharts(facts).types.get("Q4_K_S");
    const tips = texts(svg, "rect title");
    expect(tips).toHaveLength(32 * 7 + 2);
    expect(tips).toContain("blk.0.attn_q.weight: Q5_K, 5.5 bits per weight");
    expect(texts(svg, ".light text, .dark text")).toHaveLength(32 * 7 + 2);
    expect(svg).toContain("rotate(-90)");
  });

  test("shows only colours for very deep models", () => {
    const deep = Array.from({ length: 160 }, (_, layer) => typed(`blk.${layer}.attn_q.weight`, "IQ2_XXS"));
    const svg = renderCharts({ ...facts, tensors: new Map([["A", deep]]) }).types.get("A");
    expect(texts(svg, "rect title")).toHaveLength(160);
    expect(texts(svg, ".light text, .dark text")).toEqual([]);
    expect(texts(svg, "text")).toContain("IQ2_XXS (2.06 bits) × 160");
  });

  test("exists for a model without layers, but not without matrices", () => {
    const flat = new Map([
      ["A", [typed("token_embd.weight", "Q8_0")]],
      ["B", []],
    ]);
    expect([...renderCharts({ ...facts, tensors: flat }).types.keys()]).toEqual(["A"]);
  });
});

test("expert coverage marks experts without tokens, and exists only for models with experts", () => {
  const svg = renderCharts(facts).expertCoverage;
  expect(texts(svg, ".lack title")).toEqual(["layer 3: 2 experts without tokens"]);
  const dense = [{ name: "blk.0.attn_q.weight", tokens: [512] }];
  expect(renderCharts({ ...facts, coverage: dense }).expertCoverage).toBeUndefined();
  const unseen = [{ name: "blk.0.ffn_up_exps.weight", tokens: [0, 0, 0] }];
  expect(renderCharts({ ...facts, coverage: unseen }).expertCoverage).not.toContain("NaN");
});

test("logarithmic axes have 3 to 9 ticks for any range", () => {
  for (const least of [1.1e-6, 0.00024, 0.0032, 0.06, 0.11, 0.97, 3.1]) {
    for (const ratio of [1.6, 3, 12, 700, 1e6]) {
      const ticks = logTicks([least, least * ratio]);
      expect(ticks.length, `${least} × ${ratio}`).toBeGreaterThanOrEqual(3);
      expect(ticks.length, `${least} × ${ratio}`).toBeLessThanOrEqual(9);
      expect(ticks.every((tick) => tick >= least && tick <= least * ratio)).toBe(true);
    }
  }
});

describe("the chart by kind of text", () => {
  test("has a cell for each variant, comparator and category", () => {
    const [first, ...others] = largeReport.variants;
    if (first?.quality == null) throw new Error("no variant");
    const categories = { prose: { ...first.quality, kldMean: 0.0021 }, code: { ...first.quality, kldMean: 0.31 } };
    const quality = { ...first.quality, categories };
    const comparator = { preset: "Q8_0", bytes: 1, bitsPerWeight: 8, quality };
    const { kldCategories } = renderCharts({
      ...facts,
      report: { ...largeReport, variants: [{ ...first, quality, comparator }, ...others] },
    });
    expect(texts(kldCategories, "text.end")).toEqual(["Q8_0", "llama.cpp Q8_0"]);
    expect(texts(kldCategories, "g.light text, g.dark text")).toEqual(["0.00210", "0.310", "0.00210", "0.310"]);
    expect(texts(kldCategories, "desc")[0]).toContain("llama.cpp Q8_0: prose 0.00210, code 0.310");
    expect(renderCharts(facts).kldCategories).toBeUndefined();
  });

  test("has another by tokens of context, for long texts", () => {
    const [first] = largeReport.variants;
    if (first?.quality == null) throw new Error("no variant");
    const at = (to: number, kldMean: number) => ({ from: to / 2, to, kldMean, kldMeanError: 0.001 });
    const long = { ...first.quality, kldByPosition: [at(512, 0.0021), at(8192, 0.0047)] };
    const quality = { ...first.quality, categories: { prose: first.quality, long } };
    const chart = (variant: typeof first) =>
      renderCharts({ ...facts, report: { ...largeReport, variants: [variant] } }).kldPositions;
    expect(texts(chart({ ...first, quality }), "text.end")).toEqual(["Q8_0, long"]);
    expect(texts(chart({ ...first, quality }), "desc")[0]).toContain("long: 256–512 0.00210, 4096–8192 0.00470");
    expect(chart(first)).toBeUndefined();
  });
});
