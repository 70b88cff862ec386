import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { emptyCard } from "../../../src/checkpoint/base-card.js";
import { Html, html } from "../../../src/report/html/html.js";
import { renderPage } from "../../../src/report/html/page.js";
import { largePage } from "../../fixtures/release-page.js";
import { largeReport, typed } from "../../fixtures/release-report.js";

describe("html", () => {
  test("escapes inserted values in text and attributes", () => {
    const evil = `<img src=x onerror="a('b')"> & \`*_`;
    expect(html`<p title="${evil}">${evil}</p>`.text).toBe(
      '<p title="&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt; &amp; `*_">&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt; &amp; `*_</p>',
    );
  });

  test("keeps Html, joins lists, and omits only undefined", () => {
    expect(html`${[html`<b>${1}</b>`, "<", undefined, 0, [new Html("<i>")]]}`.text).toBe("<b>1</b>&lt;0<i>");
  });

  test("replaces control characters, which HTML forbids", () => {
    expect(html`${"a\u0000b\u001bc\u0085d\ne"}`.text).toBe("a\ufffdb\ufffdc\ufffdd\ne");
  });
});

describe("the page", () => {
  const page = renderPage(largePage());

  test("does not depend on durations and cache hits", () => {
    const slower = largeReport.steps.map((step) => ({ ...step, seconds: step.seconds + 1, status: "cached" as const }));
    expect(renderPage(largePage({ ...largeReport, steps: slower }))).toBe(page);
  });

  test("is self-contained", () => {
    const outside = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
    expect(outside).toEqual(["data:,"]);
    expect(page).not.toMatch(/<script [^>]*src|@import|url\(/);
  });

  test("runs only its own script", () => {
    const [script = "", ...others] = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text]) => text);
    expect(others).toEqual([]);
    const digest = createHash("sha256").update(script).digest("base64");
    expect(page).toContain(`script-src &#39;sha256-${digest}&#39;"`);
  });

  test("has less than 1 MB for ten variants of a model of 30 billion parameters", () => {
    const roles = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate_inp", "attn_gate", "ssm_in", "ssm_out"];
    const experts = ["ffn_gate_exps", "ffn_up_exps", "ffn_down_exps", "ffn_gate_shexp"];
    const names = Array.from({ length: 50 }, (_, layer) =>
      [...roles, ...experts].map((role) => `blk.${layer}.${role}.weight`),
    );
    const tensors = names.flat().map((name) => typed(name, "IQ4_XS"));
    const large = renderPage(largePage({ ...largeReport, variants: largeReport.variants.slice(0, 10) }, tensors));
    expect(large.split("<td class=").length - 1).toBe(6000);
    expect(large.length).toBeLessThan(1e6);
  });

  test("contains every figure of a variant", () => {
    const row = /<tr><th scope="row">Q4_K_M<\/th>(.*)<\/tr>/.exec(page)?.[1] ?? "";
    const cells = [...row.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell?.replace(/<[^>]*>/g, ""));
    expect(cells).toEqual([
      ...[
        "✓ passed",
        "3/3",
        "2.46 GB",
        "4.89",
        "–",
        "4.9–17",
        "9.769",
        "1.0061",
        "0.01210 ± 0.00073",
        "0.00302",
        "0.0290",
      ],
      ...["0.1331", "0.484", "1.452", "3.48 %", "97.80 ± 0.18 %"],
    ]);
  });

  test("contains reasons of failed gates, answers, texts and toolchain", () => {
    for (const words of [
      "Q2_K is not in the release:</strong> kldMean 0.48 is above the maximum 0.2 by 0.28; smoke &quot;What is 7 + 5?&quot;",
      "<dt>What is 7 + 5?</dt><dd>13</dd>",
      "80 × 512 tokens of wiki.test.raw",
      `sha256 <code>${"0123456789abcdef".repeat(4)}</code>`,
      "38 probes, each of which quantized one group of tensors to a low precision",
      "<dt>llama.cpp</dt><dd>b6789</dd>",
      "licence apache-2.0",
    ]) {
      expect(page).toContain(words);
    }
  });

  test("says that a smoke test judges nothing if the base fails all prompts", () => {
    const answers = [{ prompt: "p", answer: "a", stopReason: "eogToken", failures: [], skipped: ["x"] }];
    const variants = largeReport.variants.map((one) => ({
      ...one,
      ...{ gate: "passed" as const, reasons: [], quality: null, smoke: { passed: 0, failed: 0, answers } },
    }));
    const page = renderPage(largePage({ ...largeReport, variants }));
    expect(page).toContain("Q8_0: not judged");
    expect(page).toContain("<td>not judged</td><td>not judged</td>");
  });

  test("omits sections without data", () => {
    const facts = largePage();
    const variants = largeReport.variants.map(({ allocation: _, ...one }) => ({ ...one, quality: null, smoke: null }));
    const bare = renderPage({
      ...facts,
      report: {
        ...largeReport,
        model: { ...largeReport.model, commit: null, architecture: null, parameters: null },
        variants: variants.filter(({ gate }) => gate === "passed"),
        base: null,
      },
      card: emptyCard,
      texts: { calibration: null, search: null, evaluation: null },
      charts: {
        sizeKld: undefined,
        kldPercentiles: undefined,
        kldCategories: undefined,
        kldPositions: undefined,
        expertCoverage: undefined,
        types: new Map(),
      },
      tensors: new Map(),
    });
    expect(bare.replace(/<script>[\s\S]*<\/script>/, "")).not.toMatch(
      /undefined|null|NaN|<svg|Smoke tests|Tensors|Dynamic|16-bit base<\/dt>|passed/,
    );
    expect(bare).not.toContain("compare a variant");
  });

  test("names the device on which a release was measured", () => {
    expect(page).not.toContain("backend");
    const compute = { backend: "cuda", device: "<b>", driver: null, gpuLayers: 20 };
    expect(renderPage(largePage({ ...largeReport, compute }))).toContain(
      "<p>Computed and measured on &lt;b&gt; with llama.cpp&#39;s CUDA backend; other backends",
    );
  });

  test("warns of files that can run code", () => {
    expect(page).not.toContain('class="warning"');
    expect(renderPage({ ...largePage(), unsafe: ["<m>.bin"] })).toContain(
      "run code when opened:</strong> &lt;m&gt;.bin</p>",
    );
  });

  test("shows names unchanged and never as markup", () => {
    const name = `<b>&"'</b>[x](y)*_\u0007`;
    const report = { ...largeReport, model: { ...largeReport.model, name }, recipe: name, toolchain: { [name]: name } };
    const variants = largeReport.variants.map((one) => ({ ...one, name: name + one.name, reasons: [name] }));
    const hostile = renderPage(largePage({ ...report, variants }));
    expect(hostile).not.toMatch(/<\/?b>/);
    expect(hostile).not.toContain("\u0007");
    expect(hostile).toContain("<h1>&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;[x](y)*_\ufffd GGUF</h1>");
  });
});

test("the base has a perplexity for the chunks on which a variant was measured", () => {
  const variants = largeReport.variants.map((variant, index) =>
    index > 0 || variant.quality === null
      ? variant
      : { ...variant, quality: { ...variant.quality, chunks: 8, basePerplexity: 13.801 } },
  );
  const page = renderPage(largePage({ ...largeReport, variants }));
  expect(page).toMatch(
    /<dt>16-bit base<\/dt><dd>[^<]*perplexity [\d.]+ over 80 chunks, 13\.801 over the 8 measured<\/dd>/,
  );
  expect(page).toContain("measurement stopped early");
  expect(renderPage(largePage())).not.toContain("measurement stopped early");
});
