import { describe, expect, test } from "vitest";
import { emptyCard } from "../../src/checkpoint/base-card.js";
import { figureCells } from "../../src/release/figures.js";
import type { CardFacts } from "../../src/report/card/card-facts.js";
import { renderCard } from "../../src/report/card.js";
import { describeSpeeds } from "../../src/report/hardware/describe-speeds.js";
import { deviceLines } from "../../src/report/hardware/device-lines.js";
import { hardwareOf } from "../fixtures/release-hardware.js";
import { largeReport } from "../fixtures/release-report.js";

const unjudged = {
  version: 1 as const,
  model: "Model",
  sources: [],
  variants: [],
  devices: [],
  results: [],
  recommended: [],
};

const facts: CardFacts = {
  report: {
    recipe: "model.yaml",
    model: { name: "Model", source: "hf:org/Model", commit: "c0ffee", architecture: "llama", parameters: 10 },
    release: "model",
    steps: [],
    variants: [
      {
        name: "Q4_K_M",
        file: "Model-Q4_K_M.gguf",
        bytes: 2_500_000_000,
        bitsPerWeight: 4.89,
        sha256: "ab",
        types: { Q4_K: 1 },
        quality: {
          perplexity: 10,
          perplexityError: 0.2,
          basePerplexity: 9.9,
          perplexityRatio: 1.0123,
          perplexityRatioError: 0.001,
          kldMean: 0.01234,
          kldMeanError: 0.00012,
          kldMedian: 0.01,
          kld90: 0.02,
          kld95: 0.05,
          kld99: 0.1,
          kld999: 0.2,
          kldMax: 1,
          rmsDeltaP: 3,
          rmsDeltaPError: 0.1,
          sameTop: 92.5,
          sameTopError: 0.3,
          chunks: 80,
          chunksAvailable: 80,
          context: 512,
          corpus: "wiki.txt",
          corpusSha256: "cd",
        },
        smoke: { passed: 2, failed: 0 },
        gate: "passed",
        reasons: [],
      },
    ],
    base: { bytes: 8_000_000_000, perplexity: 9.9 },
    calibration: { corpus: "calibration.txt", chunks: 200, context: 512 },
    toolchain: { llamaCpp: "v0.5.0" },
  },
  baseModel: "org/Model",
  card: { ...emptyCard, license: "apache-2.0" },
  quantizedBy: null,
  tags: [],
  embedding: false,
  repo: null,
  calibrationDatasets: [],
  ollamaNote: "",
  promptFormat: null,
  layout: {},
  unsafe: [],
  conversational: true,
  imatrixFile: "Model-imatrix.gguf",
  evaluation: { corpus: "wiki.txt", chunks: 80, context: 512 },
  hardware: unjudged,
  assets: new Set(),
};

test("every variant is listed with what decides, and in the details with all figures", () => {
  const card = renderCard(facts);
  expect(card).toContain(
    "| File | Size | Mean KLD | About |\n| --- | --- | --- | --- |\n| [Q4_K_M](./Model-Q4_K_M.gguf) | 2.50 GB | 0.01234 ± 0.00012 | **recommended**, small loss |\n",
  );
  expect(card).toContain("| [Q4_K_M](./Model-Q4_K_M.gguf) | 2.50 GB | 4.89 | 0.01234 ± 0.00012 | – | 92.50 % | 2/2 |");
});

test("the card begins with the picture, the files and the devices; most of the rest is folded", () => {
  const hardware = hardwareOf(largeReport, ["rtx-3090", "iphone-15-pro"]);
  const assets = new Set(["assets/size-kld.svg"]);
  const card = renderCard({ ...facts, report: largeReport, hardware, assets });
  const lines = card.replace(/<details>[\s\S]*?<\/details>/g, "").split("\n");
  expect(lines.filter((line) => /^(#{1,2} |!\[|\| (File|Device))/.test(line)).map((line) => line.slice(0, 16))).toEqual(
    [
      ...[
        "# Example-4B-Ins",
        "![Size and mean ",
        "## Files",
        "| File | Size | ",
        "## Which file fo",
        "| Device | Take ",
      ],
      ...["## How to run", "## Details", "## How it was ma", "## Licence"],
    ],
  );
});

test("a local source with a known base model links to it", () => {
  const local = { ...facts.report, model: { ...facts.report.model, source: "local folder", commit: null } };
  const link = "[org/Model](https://huggingface.co/org/Model)";
  expect(renderCard({ ...facts, report: local })).toContain(`Quantized from ${link} (8.00 GB as 16-bit GGUF)`);
  expect(renderCard({ ...facts, report: local, baseModel: null })).toContain("Quantized from a local checkpoint (");
});

test("a smoke test whose prompts the base itself fails judges nothing", () => {
  const [variant] = facts.report.variants;
  if (variant === undefined) throw new Error("no variant");
  const untested = { ...variant, smoke: { passed: 0, failed: 0 } };
  expect(figureCells(untested).slice(-2)).toEqual(["not judged", "passed"]);
  expect(figureCells({ ...untested, quality: null }).slice(-2)).toEqual(["not judged", "not judged"]);
  const card = renderCard({ ...facts, report: { ...facts.report, variants: [untested] } });
  expect(card).toContain("| 92.50 % | not judged |");
  expect(card).toContain("not judged if the base itself fails all of them");
});

test("an embedding model's variants have their distance from the base's vectors", () => {
  const [variant] = facts.report.variants;
  if (variant === undefined) throw new Error("no variant");
  const smoke = { passed: 2, failed: 0, cosineToBase: 0.99871, rankToBase: 0.98 };
  const card = renderCard({ ...facts, report: { ...facts.report, variants: [{ ...variant, smoke }] } });
  expect(card).toContain("to the vector of the 16-bit base");
  expect(card).toContain("1 is lossless. Q4_K_M 0.9987, 0.9800.");
  expect(renderCard(facts)).not.toContain("Vectors:");
});

test("layers for multi-token prediction in a file of their own are a draft for every variant", () => {
  const mtp = { file: "mtp-Model-Q8_0.gguf", bytes: 2e9, sha256: "ef" };
  const card = renderCard({ ...facts, report: { ...facts.report, mtp } });
  expect(card).toContain("in [mtp-Model-Q8_0.gguf](./mtp-Model-Q8_0.gguf) (2.00 GB), a draft for every variant");
  expect(card).toContain("acceptance rate was not measured");
});

test("a release built from files that can run code has a warning", () => {
  expect(renderCard(facts)).not.toContain("allowUnsafe");
  expect(renderCard({ ...facts, unsafe: ["pytorch_model.bin"] })).toContain("**Warning:** built with `allowUnsafe`");
});

test("a release measured on a device names it, and one of the CPU does not", () => {
  const compute = { backend: "vulkan", device: "AMD <Radeon> 7900", driver: "24.1", gpuLayers: 33 };
  const sentence = "measured on AMD \\<Radeon\\> 7900 with llama.cpp's Vulkan backend, driver 24.1;";
  expect(renderCard({ ...facts, report: { ...facts.report, compute } })).toContain(sentence);
  expect(renderCard({ ...facts, report: { ...facts.report, compute } })).toContain("type of CPU and GPU");
  expect(renderCard(facts)).not.toContain("measured on");
});

test("a release measured against a copy of the base names the copy everywhere, with its distance", () => {
  const distance = { kldMean: 0.000445, kldMeanError: 0.000014, kld999: 0.004, kldMax: 0.005, sameTop: 97.941 };
  const evaluated = {
    type: "Q8_0" as const,
    distance: { ...distance, chunks: 4, corpus: "search.txt", context: 512 },
  };
  const cardOf = (base: CardFacts["report"]["base"]) => renderCard({ ...facts, report: { ...facts.report, base } });
  const card = cardOf({ bytes: 16e9, perplexity: 9.9, evaluated });
  expect(card).toContain("Measured with llama-perplexity against the Q8_0 base on");
  expect(card).not.toContain("the 16-bit base");
  expect(card).toContain(
    "The copy's distance from 16 bits on 4 × 512 tokens of search.txt: mean KL divergence 0.000445 ± 0.000014, same top token 97.94 %.",
  );
  const unmeasured = cardOf({ bytes: 16e9, perplexity: null, evaluated: { type: "Q8_0", distance: null } });
  expect(unmeasured).toContain("from which the variants were quantized.");
  expect(renderCard(facts)).toContain("against the 16-bit base on");
});

test("unknown values are omitted", () => {
  const [first] = facts.report.variants;
  if (first === undefined) throw new Error("no variant");
  const bare = renderCard({
    ...facts,
    report: {
      ...facts.report,
      variants: [{ ...first, quality: null, smoke: null }],
      model: { ...facts.report.model, commit: null },
    },
    baseModel: null,
    card: emptyCard,
    conversational: false,
    imatrixFile: null,
    evaluation: null,
  });
  for (const word of ["base_model", "license:", "imatrix", "commit", "NaN", "null", "undefined"])
    expect(bare).not.toContain(word);
  expect(bare).toContain("The quality of these files was not measured.");
});

test("the card contains the rebuild command and the licence terms", () => {
  const card = renderCard(facts);
  expect(card).toContain("quantsmith run model.yaml --locked recipe.lock.yaml");
  expect(card).toContain("under the licence of [org/Model](https://huggingface.co/org/Model): `apache-2.0`.");
  expect(card).not.toContain("gated");
  const terms = { license: "other", licenseName: "Our terms", licenseLink: "LICENSE", gated: true };
  const gated = renderCard({ ...facts, card: { ...emptyCard, ...terms } });
  expect(gated).toContain(
    "`Our terms` ([huggingface.co/org/Model/blob/main/LICENSE](https://huggingface.co/org/Model/blob/main/LICENSE)).",
  );
  expect(gated).toContain("[org/Model](https://huggingface.co/org/Model) is gated");
});

test("the divergence by kind of text has a section of its own if there are several", () => {
  const assets = new Set(["assets/kld-categories.svg", "assets/kld-positions.svg"]);
  const section = (card: string) =>
    /\n## Quality by kind of text\n\n([\s\S]*)\n\n## Details\n/.exec(card)?.[1]?.split("\n\n");
  const images = [
    /^!\[[^\]]*\]\(\.\/assets\/kld-categories\.svg\)$/,
    /^!\[[^\]]*\]\(\.\/assets\/kld-positions\.svg\)$/,
  ];
  expect(section(renderCard({ ...facts, assets }))).toEqual(images.map((image) => expect.stringMatching(image)));
  expect(renderCard(facts)).not.toContain("kind of text");

  const variants = facts.report.variants.map((variant) => ({
    ...variant,
    quality: variant.quality && {
      ...variant.quality,
      categories: { chat: { ...variant.quality, chatTemplate: true as const } },
    },
  }));
  const chats = renderCard({ ...facts, report: { ...facts.report, variants }, assets });
  expect(section(chats)?.at(-1)).toBe("`chat`: conversations in the model's chat template.");
});

test("only existing charts are shown", () => {
  expect(renderCard(facts)).not.toMatch(/!\[|by layer|by token/);
  const [first] = facts.report.variants;
  if (first === undefined) throw new Error("no variant");
  const allocation = { budgetBytes: 1, predictedKld: null, boundGap: 0, probes: null };
  const variants = [first, { ...first, name: "Q4_K_S", allocation }];
  const assets = ["size-kld", "kld-percentiles", "types-Q4_K_M", "types-Q4_K_S"].map((name) => `assets/${name}.svg`);
  const card = renderCard({ ...facts, report: { ...facts.report, variants }, assets: new Set(assets) });
  expect(card.indexOf("./assets/size-kld.svg")).toBeLessThan(card.indexOf("## Files"));
  expect(card).toContain(
    "<details><summary>Tensor types of Q4_K_S by layer</summary>\n\n![Type of each tensor of Q4_K_S by layer](./assets/types-Q4_K_S.svg)\n\n</details>\n",
  );
  expect(card).not.toContain("types-Q4_K_M");
});

describe("the fit on devices", () => {
  const card = renderCard({
    ...facts,
    report: largeReport,
    hardware: hardwareOf(largeReport, ["laptop-ddr5-16gb", "rtx-3090", "iphone-15-pro", "2x-rtx-3090"]),
  });
  const rows = (heading: string) => {
    const [, after = ""] = card.split(heading);
    const lines = after.split("\n").filter((line) => line.startsWith("| "));
    return lines.slice(0, 6).map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((text) => text.trim()),
    );
  };

  test("begins with the recommended variant for each device, phones first", () => {
    const [titles, , ...picks] = rows("## Which file for which device");
    expect(titles).toEqual(["Device", "Take", "Context", "Tokens/s"]);
    expect(picks.map(([device]) => device)).toEqual([
      "iPhone 15 Pro",
      "GeForce RTX 3090",
      "2 × GeForce RTX 3090",
      "Laptop without graphics card, 16 GB DDR5",
    ]);
    expect(picks[1]?.slice(1, 3)).toEqual(["[Q8_0](./Example-4B-Instruct-Q8_0.gguf)", "8192"]);
    const reasons = rows("<details><summary>Why which file for which device</summary>");
    expect(reasons[0]).toEqual(["Device", "Variant", "Size", "Context", "Tokens/s", "Reason"]);
    expect(reasons[3]?.slice(1, 4)).toEqual([
      "[Q8_0](./Example-4B-Instruct-Q8_0.gguf)",
      "4.27 GB",
      "8192 (up to 65536)",
    ]);
  });

  test("has one line for the devices of a class with the same file, with the speed of each", () => {
    const hardware = hardwareOf(largeReport, ["rtx-3090", "rtx-4090"]);
    const [line, ...others] = deviceLines(hardware);
    expect([line?.devices, others]).toEqual([["GeForce RTX 3090", "GeForce RTX 4090"], []]);
    const speeds = ["rtx-3090", "rtx-4090"].map((id) => {
      const { decode } = hardware.results.find(
        ({ device, variant, context }) => device === id && variant === line?.variant && context === line.context,
      ) ?? { decode: null };
      return `${decode?.low.toFixed(0)}–${decode?.high.toFixed(0)}`;
    });
    expect(line?.speeds).toEqual(speeds);
    expect(renderCard({ ...facts, report: largeReport, hardware })).toContain(`| 8192 | ${speeds.join(", ")} |`);
  });

  test("states why a speed is empty", () => {
    const hardware = hardwareOf(largeReport, ["rtx-3090", "iphone-15-pro"]);
    const [gpu, phone] = hardware.devices;
    if (gpu === undefined || phone === undefined) throw new Error("no device");
    const results = hardware.results.map((result) =>
      result.device === phone.id ? { ...result, decode: null } : result,
    );
    const text = (bandwidth: typeof phone.bandwidth) =>
      describeSpeeds({ ...hardware, results, devices: [gpu, { ...phone, bandwidth }] });
    expect(text(null)).toContain("No speed for iPhone 15 Pro: its memory bandwidth is unknown.");
    expect(text(phone.bandwidth)).toContain("No speed for iPhone 15 Pro: nothing is published about models this small");
    expect(describeSpeeds(hardware)).not.toContain("No speed");
  });

  test("ends with folded tables of all variants on all devices, one per context", () => {
    for (const context of [4096, 8192, 32_768, 65_536]) {
      const [titles, , ...devices] = rows(`<details><summary>All devices at ${context} tokens of context</summary>`);
      expect(titles).toHaveLength(12);
      expect(devices).toHaveLength(4);
      expect(devices.flat()).not.toContain("");
    }
    expect(rows("All devices at 65536 tokens")[2]?.[1]).toBe("no (memory)");
  });

  test("explains the speed only if there is one", () => {
    const hardware = hardwareOf(largeReport, ["rtx-3090"]);
    const results = hardware.results.map((result) => ({ ...result, decode: null }));
    expect(renderCard({ ...facts, report: largeReport, hardware })).toContain("Tokens/s: generation speed");
    const without = renderCard({ ...facts, report: largeReport, hardware: { ...hardware, results } });
    expect(without).not.toContain("Tokens/s: generation speed");
  });

  test("is omitted without devices", () => {
    expect(renderCard(facts)).not.toMatch(/for which device|All devices/);
  });
});

describe("the run section", () => {
  test("uses file names for local files and tags for files on the Hub", () => {
    expect(renderCard(facts)).toContain("llama-cli -m Model-Q4_K_M.gguf -ngl 99 -c 4096 -fa on");
    const published = renderCard({ ...facts, repo: "me/Model-GGUF" });
    expect(published).toContain("llama-cli -hf me/Model-GGUF:Q4_K_M -ngl 99");
    expect(published).toContain("ollama run hf.co/me/Model-GGUF:Q4_K_M");
    for (const name of ["PocketPal AI", "LM Studio", "node-llama-cpp"]) expect(published).toContain(`### ${name}`);
  });

  test("has the command that downloads the file and its projector", () => {
    const projector = { file: "mmproj-Model-F16.gguf", bytes: 1, sha256: "ab", type: "F16", pictureTokens: null };
    const report = { ...facts.report, projectors: [{ ...projector, pictures: true, audio: false, shown: false }] };
    expect(renderCard({ ...facts, report, repo: "me/Model-GGUF" })).toContain(
      "hf download me/Model-GGUF --include '*-Q4_K_M.gguf' --local-dir .\nhf download me/Model-GGUF --include 'mmproj-*.gguf' --local-dir .\n",
    );
    expect(renderCard({ ...facts, report })).not.toContain("hf download");
  });

  test("has the prompt format as a text that cannot end its fence", () => {
    const card = renderCard({ ...facts, promptFormat: "<s>\u001b[1m{prompt}\n```\n" });
    expect(card).toContain("### Prompt format\n\n````text\n<s>\\u001b[1m{prompt}\n```\n\n````");
    expect(renderCard(facts)).not.toContain("Prompt format");
  });

  test("uses the default variant of runtimes as the example", () => {
    const report = largeReport;
    const names = report.variants.map(({ name }) => name);
    expect(names[0]).not.toBe("Q4_K_M");
    expect(names).toContain("Q4_K_M");
    expect(renderCard({ ...facts, report, repo: "me/Model-GGUF" })).toContain("-hf me/Model-GGUF:Q4_K_M ");
  });

  test("uses the variant that is recommended for the most devices", () => {
    const hardware = hardwareOf(largeReport, ["rtx-3090", "2x-rtx-3090", "iphone-15-pro"]);
    const card = renderCard({ ...facts, report: largeReport, hardware });
    expect(hardware.recommended.map(({ variant }) => variant)).toContain("Q8_0");
    expect(card).toContain("The examples use Q8_0.");
  });

  test("has the contexts of the device table, and the phones' variant in programs for phones", () => {
    const hardware = hardwareOf(largeReport, ["rtx-3090", "rtx-4090", "iphone-15-pro"]);
    const phone = hardware.recommended.find(({ device }) => device === "iphone-15-pro");
    const gpu = hardware.recommended.find(({ device }) => device === "rtx-3090");
    expect(phone?.variant).not.toBe(gpu?.variant);
    const card = renderCard({ ...facts, report: largeReport, hardware, repo: "me/Model-GGUF" });
    expect(card).toContain(`-hf me/Model-GGUF:${gpu?.variant} -ngl 99 -c ${gpu?.context} `);
    const [open = ""] = card.split("Other programs");
    const [, steps = ""] = open.split("### PocketPal AI\n");
    expect(steps).toContain(`-${phone?.variant}.gguf`);
    expect(steps).toContain(`context size to ${phone?.context}`);
  });

  test("has the note on Ollama's files in Ollama's section", () => {
    const card = renderCard({ ...facts, ollamaNote: "Ollama reads [template](./template)." });
    const [, section = ""] = card.split("### Ollama\n");
    expect(section.split("\n### ")[0]).toContain("Ollama reads");
  });

  test("shows how to compute vectors with an embedding model", () => {
    const card = renderCard({ ...facts, embedding: true, repo: "me/Model-GGUF" });
    expect(card).toContain("llama-embedding -hf me/Model-GGUF:Q4_K_M -p 'When does");
    expect(card).toContain("llama-server -hf me/Model-GGUF:Q4_K_M --embeddings");
    expect(card).toContain('resolveModelFile("hf:me/Model-GGUF:Q4_K_M")');
    expect(card).not.toContain("llama-cli");
  });

  test("shows how a base model completes a text, without chat and system prompt", () => {
    const card = renderCard({ ...facts, conversational: false, repo: "me/Model-GGUF" });
    expect(card).toContain("This is a base model: it completes text");
    expect(card).toContain("llama-completion -hf me/Model-GGUF:Q4_K_M -no-cnv");
    expect(card).toContain("ollama run hf.co/me/Model-GGUF:Q4_K_M");
    expect(card).not.toMatch(/llama-cli|SYSTEM|systemPrompt|LlamaChatSession/);
    expect(renderCard({ ...facts, conversational: false, repo: null })).not.toContain("hf.co/");
  });
});

test("the file table names variants with larger types than their preset's", () => {
  const [variant] = facts.report.variants;
  const warning = {
    code: "QW-QUANTIZE-FALLBACK",
    message: "2 of 3 tensors",
    remedy: "",
    variant: variant?.name ?? "",
  } as const;
  const rows = renderCard({ ...facts, report: { ...facts.report, warnings: [warning] } }).match(
    /^\| \[.*larger types/gm,
  );
  expect(rows).toEqual([expect.stringContaining(`[${variant?.name}]`)]);
});

test("the file table lists the devices on which each variant fits fully", () => {
  const report = largeReport;
  const passed = { ...report, variants: report.variants.filter(({ gate }) => gate === "passed") };
  const cells = (devices: string[]) => {
    const card = renderCard({ ...facts, report: passed, hardware: hardwareOf(passed, devices) });
    const lines = card
      .slice(card.indexOf("| File |"))
      .split("\n")
      .slice(2, 2 + passed.variants.length);
    return lines.map((line) => line.split("|").at(3)?.trim());
  };
  expect(new Set(cells(["h200-141gb"]))).toEqual(new Set(["all 1"]));
  const small = cells(["h200-141gb", "galaxy-a54-6gb"]);
  // Of these 4B variants, at most the smallest fits in 6 GB.
  expect(small).toContain("H200 SXM");
  expect(renderCard(facts)).not.toContain("Fits on");
});

test("a measurement on a part of the text is noted with the figures and in the front matter", () => {
  const [variant] = facts.report.variants;
  if (variant?.quality == null) throw new Error("no figures");
  const report = { ...facts.report, variants: [{ ...variant, quality: { ...variant.quality, chunks: 8 } }] };
  const card = renderCard({ ...facts, report });
  expect(card).toContain("on up to 80 × 512 tokens");
  expect(card).toContain("Q4_K_M after 8 of 80 chunks.");
  expect(card).toContain("Q4_K_M: perplexity on 8 of 80 chunks");
  expect(renderCard(facts)).toContain("base on 80 × 512 tokens");
});

test("a variant is shown beside the preset that it is compared with, with both figures and sizes", () => {
  const variants = facts.report.variants.map((one) => {
    if (one.quality === null) return one;
    const quality = { ...one.quality, kldMean: 0.02468, kldMeanError: 0.0003 };
    return { ...one, comparator: { preset: "Q4_K_M", bytes: 2_600_000_000, bitsPerWeight: 5.1, quality } };
  });
  const card = renderCard({ ...facts, report: { ...facts.report, variants } });
  expect(card).toContain("| 2.50 GB | 4.89 | 0.01234 ± 0.00012 | −50 % | 92.50 % |");
  expect(card).toContain(
    "Q4_K_M has a mean KLD of 0.01234 ± 0.00012 instead of 0.02468 ± 0.00030 of llama.cpp's Q4_K_M (2.50 GB and 2.60 GB).",
  );
  expect(renderCard(facts)).not.toContain("Compared with presets");
});

describe("a dynamic variant", () => {
  const allocation = { budgetBytes: 3e9, predictedKld: null, boundGap: 0, probes: null };
  const cardOf = (change: Partial<CardFacts["report"]["variants"][number]>) => {
    const variants = facts.report.variants.map((one) => ({ ...one, allocation, ...change }));
    return renderCard({ ...facts, report: { ...facts.report, variants } });
  };

  test("is marked in the file table", () => {
    expect(cardOf({})).toContain("| **recommended**, small loss, dynamic |");
    expect(renderCard(facts)).not.toContain("dynamic |");
  });
});
