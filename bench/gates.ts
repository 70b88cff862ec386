import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { Random } from "../scripts/corpora/random.js";
import type { StepRecord } from "../src/engine/record.js";
import { Store } from "../src/engine/store.js";
import { openWorkspace } from "../src/engine/workspace.js";
import { checkGates } from "../src/release/check-gates.js";
import { type Gates, gateLimits } from "../src/release/gates.js";
import { type Block, combineBlocks } from "../src/stages/validate/combine-blocks.js";
import { sequentialVerdict } from "../src/stages/validate/sequential-verdict.js";
import type { ValidateReport } from "../src/stages/validate/validate-variant.js";
import { packageRoot } from "../src/util/package-root.js";
import { models, present, texts } from "./bench-models.js";
import { runRecipe } from "./run-recipe.js";

const variants = ["Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "IQ4_XS", "Q3_K_M", "Q3_K_S", "Q2_K"];
/** The gates of `pipelines/release.yaml`, and stricter ones between small-llama's variants. */
const gateSets: Readonly<Record<string, Gates>> = {
  release: { perplexityRatio: { max: 1.1 }, kldMean: { max: 0.1 } },
  strict: { kldMean: { max: 0.011 }, sameTop: { min: 85 } },
};
const orders = 50;

const home = join(fileURLToPath(packageRoot), "artifacts", "bench-gates");

/**
 * Measures the savings of sequential gates: measures all blocks of eight variants of small-llama, then judges them in
 * memory in 50 seeded orders. Prints the share of tokens that the gates needed, and the number of verdicts that differ
 * from the verdict on all tokens. Uses the model and texts of the bench `quality`.
 */
export async function benchGates(print: (line: string) => void): Promise<void> {
  if (!(await present([join(models, "small-llama"), join(texts, "wikitext-2-test.txt")], print))) return;
  const measured = await measure();
  for (const [name, gates] of Object.entries(gateSets)) {
    print(`gates ${name}: ${JSON.stringify(gates)}`);
    print("| variant | mean KLD | verdict | tokens used | different verdicts |");
    print("| --- | --- | --- | --- | --- |");
    let used = 0;
    for (const [variant, blocks] of measured) {
      const outcome = replay(blocks, gates);
      used += outcome.used / measured.size;
      const kld = combineBlocks(blocks).kldMean.toFixed(5);
      print(
        `| ${variant} | ${kld} | ${outcome.verdict} | ${(100 * outcome.used).toFixed(0)} % | ${outcome.wrong} of ${orders} |`,
      );
    }
    print(`all variants: ${(100 * used).toFixed(1)} % of the tokens`);
  }
}

/** Judges the blocks in seeded orders; `used` is the mean share of tokens, `wrong` the number of differing verdicts. */
function replay(blocks: readonly Block[], gates: Gates): { verdict: string; used: number; wrong: number } {
  const limits = gateLimits(gates);
  const whole = checkGates(combineBlocks(blocks), limits).length === 0 ? "passed" : "failed";
  let [used, wrong] = [0, 0];
  for (let seed = 1; seed <= orders; seed++) {
    const order = new Random(seed).shuffled(blocks);
    let count = 1;
    let verdict = sequentialVerdict(order.slice(0, count), limits, blocks.length);
    while (verdict === "open" && count < blocks.length) {
      count++;
      verdict = sequentialVerdict(order.slice(0, count), limits, blocks.length);
    }
    used += count / blocks.length / orders;
    if (verdict !== "open" && verdict !== whole) wrong++;
  }
  return { verdict: whole, used, wrong };
}

/** Measures the blocks of every variant; a gate that needs the whole text forces all blocks. */
async function measure(): Promise<Map<string, Block[]>> {
  await mkdir(home, { recursive: true });
  await writeFile(
    join(home, "pipeline.yaml"),
    stringify({
      version: 1,
      stages: ["fetch", "convert", "calibrate", "quantize", "validate"],
      calibration: { chunks: 60, context: 512 },
      evaluation: { chunks: 80, context: 512 },
      gates: { kldMax: { max: 1e9 } },
    }),
  );
  const recipe = join(home, "gates.yaml");
  const text = (name: string) => ({ corpus: join(texts, name) });
  await writeFile(
    recipe,
    stringify({
      version: 1,
      model: { source: join(models, "small-llama"), name: "small-llama" },
      pipeline: "./pipeline.yaml",
      calibration: text("mixed-calibration.txt"),
      search: text("public-domain-calibration.txt"),
      evaluation: text("wikitext-2-test.txt"),
      variants,
    }),
  );
  const out = join(home, "out");
  await runRecipe(recipe, out);
  return readBlocks(out);
}

async function readBlocks(out: string): Promise<Map<string, Block[]>> {
  const workspace = await openWorkspace(out);
  try {
    const store = new Store(workspace);
    const records: StepRecord[] = (await store.records()).map(({ record }) => record);
    const entries = variants.map(async (variant) => {
      const record = records.find(({ step }) => step === `validate:${variant}`);
      if (record === undefined) throw new Error(`${variant} was not measured`);
      const file = join(store.folder("validate", record.key), "quality.json");
      return [variant, (JSON.parse(await readFile(file, "utf8")) as ValidateReport).blocks] as const;
    });
    return new Map((await Promise.all(entries)).map(([variant, blocks]) => [variant, [...blocks]]));
  } finally {
    await workspace.close();
  }
}
