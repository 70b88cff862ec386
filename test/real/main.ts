/**
 * `npm run test:real`: downloads two real models to the cache folder, dequantizes them to checkpoints, releases them, and
 * writes the figures to docs/real-models.md.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "../../src/util/cache-folder.js";
import { downloadModel } from "./download.js";
import { realModels } from "./models.js";
import { renderPage } from "./page.js";
import { type RealRun, runModel } from "./run-model.js";
import { writeCheckpoint } from "./write-checkpoint.js";

const cache = join(cacheFolder(), "real-models");
await mkdir(cache, { recursive: true });
const runs: { name: string; run: RealRun }[] = [];
for (const model of realModels) {
  const { name } = model;
  const checkpoint = join(cache, name);
  await writeCheckpoint(checkpoint, model, await downloadModel(cache, model));
  const home = await mkdtemp(join(tmpdir(), "quantsmith-real-"));
  try {
    runs.push({ name, run: await runModel(checkpoint, name, home) });
    process.stdout.write(`${name}: released, published and verified\n`);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
await writeFile(new URL("../../docs/real-models.md", import.meta.url), renderPage(runs));
