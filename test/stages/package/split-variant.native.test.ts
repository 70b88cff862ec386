import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readGguf } from "../../../src/gguf/read-header.js";
import type { ToolRun } from "../../../src/llamacpp/tool-run.js";
import type { VariantReport } from "../../../src/release/release-report.js";
import { variantFiles } from "../../../src/release/variant-files.js";
import { placeVariants } from "../../../src/stages/package/place-variants.js";
import { splitVariant } from "../../../src/stages/package/split-variant.js";
import { sha256File } from "../../../src/util/sha256.js";
import { runSubprocess } from "../../../src/util/subprocess.js";
import { somePlan } from "../../fixtures/plan.js";
import { stageContext } from "../../fixtures/stage-context.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { makeTinyModel } from "../../fixtures/tiny-model.js";

const home = temporaryFolder();
const model = join(home, "model.gguf");
let run: ToolRun;

beforeAll(async () => {
  run = await makeTinyModel(home);
});

const perplexity = async (file: string) => {
  const args = ["-m", file, "-f", "calibration.txt", "--chunks", "2", "-c", "128", "-t", "1"];
  const result = await runSubprocess({ file: run.toolchain.tools["llama-perplexity"].path, args, cwd: home });
  return /Final estimate: PPL = [\d.]+ \+\/- [\d.]+/.exec(`${result.stdout}${result.stderr}`)?.[0];
};

test("a variant above the limit is split, and llama.cpp computes the same perplexity", async () => {
  const { fileBytes } = await readGguf(model);
  const variant: VariantReport = {
    ...{ name: "BF16", file: "tiny-BF16.gguf", bytes: fileBytes, bitsPerWeight: 16, sha256: await sha256File(model) },
    ...{ types: {}, quality: null, smoke: null, gate: "passed", reasons: [] },
  };
  const context = stageContext(run, { "model:BF16": model });
  const params = { ...somePlan([]).report.params, maxFileBytes: 4_000_000 };
  const [placed] = await placeVariants([variant], params, context);
  if (placed === undefined) throw new Error("nothing was placed");
  const files = variantFiles(placed);
  expect(files.length).toBeGreaterThanOrEqual(3);
  expect(files.map(({ file }) => file)).toEqual(readdirSync(context.out).sort());
  expect(placed).toMatchObject({ file: expect.stringMatching(/^tiny-BF16-00001-of-\d{5}\.gguf$/), bytes: fileBytes });
  expect(placed.sha256).toBe(await sha256File(join(context.out, placed.file)));
  for (const { bytes } of files) expect(bytes).toBeLessThan(4_300_000);
  const before = await perplexity("model.gguf");
  expect(before).toMatch(/PPL = \d/);
  expect(await perplexity(join(context.out, placed.file))).toBe(before);

  // At or below the limit, the stored file is used.
  const small = stageContext(run, { "model:BF16": model });
  const one = await placeVariants([variant], { ...params, maxFileBytes: fileBytes }, small);
  expect([one, readdirSync(small.out)]).toEqual([[variant], ["tiny-BF16.gguf"]]);
});

test("a file that cannot be split is an error", async () => {
  const broken = join(home, "broken.gguf");
  writeFileSync(broken, "no model");
  const context = stageContext(run, { "model:X": broken });
  const split = splitVariant(context, { input: "model:X", file: "x-X.gguf", maxFileBytes: 2e6 });
  await expect(split).rejects.toMatchObject({ code: "QS-SPLIT-FAILED" });
});
