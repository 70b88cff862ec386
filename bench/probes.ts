import { copyFile, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readGguf } from "../src/gguf/read-header.js";
import { saveBaseLogits } from "../src/llamacpp/perplexity.js";
import type { ToolRun } from "../src/llamacpp/tool-run.js";
import { resolveToolchain } from "../src/llamacpp/toolchain/toolchain.js";
import type { ErrorTable } from "../src/quant/error-table.js";
import { chooseTypes } from "../src/stages/allocate/choose-types.js";
import { estimateAlphas, type ProbeWithAlpha } from "../src/stages/allocate/estimate-alphas.js";
import { measureErrors } from "../src/stages/allocate/measure-errors.js";
import { measureProbes, type ProbesReport } from "../src/stages/allocate/measure-probes.js";
import { readJournals } from "../src/stages/allocate/probe-journal.js";
import type { ProbeEffort } from "../src/stages/allocate/probe-units.js";
import { typeNames } from "../src/stages/allocate/tensor-types.js";
import { readReport } from "../src/stages/step-files.js";
import { packageRoot } from "../src/util/package-root.js";
import { models, present } from "./bench-models.js";
import { convertModel } from "./convert-model.js";
import { measureInCopies } from "./probes/measure-in-copies.js";
import { stepContext } from "./probes/step-context.js";

const text = { chunks: 4, context: 512 };
/** Types that need no imatrix. */
const candidates = ["Q2_K", "Q3_K", "IQ4_XS", "Q4_K", "Q5_K", "Q6_K", "Q8_0"];
const bitsPerWeight = 4.5;

/**
 * Compares probes in one process with a copy of the model and a run of llama-perplexity for each probe, on small-llama on
 * the CPU, for both efforts: time with quantization and loading, largest difference, and the types that follow.
 */
export async function benchProbes(print: (line: string) => void): Promise<void> {
  const source = join(models, "small-llama");
  if (!(await present([source], print))) return;
  const home = await mkdtemp(join(tmpdir(), "quantsmith-bench-"));
  try {
    const threads = Math.min(2, availableParallelism());
    const run: ToolRun = { toolchain: await resolveToolchain(), cwd: home, threads };
    await copyFile(await convertModel(home, source), join(home, "model.gguf"));
    await copyFile(fileURLToPath(new URL("recipes/demo/text/search.txt", packageRoot)), join(home, "text.txt"));
    await saveBaseLogits({ ...run, model: "model.gguf", text: "text.txt", out: "base.kld", ...text });
    const table = await errorTable(run);
    for (const effort of ["groups", "tensors"] as const) print(await compare(run, table, effort));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function errorTable(run: ToolRun): Promise<ErrorTable> {
  const context = await stepContext(run, "errors", { model: join(run.cwd, "model.gguf") });
  await measureErrors.run({ types: candidates, preset: null, allowRequantize: false }, context);
  return readReport<ErrorTable>(join(context.out, "errors.json"));
}

async function compare(run: ToolRun, table: ErrorTable, effort: ProbeEffort): Promise<string> {
  const inputs = {
    model: join(run.cwd, "model.gguf"),
    errors: join(run.cwd, "errors", "out", "errors.json"),
    base: join(run.cwd, "base.kld"),
    baseReport: join(run.cwd, "base.json"),
  };
  await writeFile(inputs.baseReport, JSON.stringify({ corpus: "search", ...text }));
  const context = await stepContext(run, effort, inputs);
  const [{ peakMemoryBytes = 0 }, seconds] = await timed(() => measureProbes.run({ effort }, context));
  const report = await readReport<ProbesReport>(join(context.out, "probes.json"));
  const probes = await readJournals(await context.partial());
  const [theirs, theirSeconds] = await timed(() => measureInCopies(run, table, effort, probes));

  const differences = probes.map(({ kld }, i) => Math.abs(kld - (theirs[i]?.kld ?? Number.NaN)));
  const replaced = (one: { unit: string; type: string }) =>
    theirs.find(({ unit, type }) => unit === one.unit && type === one.type);
  const floor = replaced({ unit: "(floor)", type: "" }) ?? report.floor;
  const alphas = estimateAlphas(
    report.probes.map((probe) => ({ ...probe, ...replaced(probe) })),
    floor,
  );
  const [ours, expected] = [await typesFor(table, report.probes, run), await typesFor(table, alphas, run)];
  const changed = Object.keys(ours).filter((name) => ours[name] !== expected[name]).length;
  const { size } = await stat(inputs.model);
  const limit = 1.2 * size + 300e6;
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
  return [
    `${effort}, ${probes.length} probes, ${text.chunks} × ${text.context} tokens, ${run.threads} threads:`,
    `${seconds.toFixed(0)} s / ${theirSeconds.toFixed(0)} s = ${(seconds / theirSeconds).toFixed(2)},`,
    `peak ${megabytes(peakMemoryBytes)} MB (limit ${megabytes(limit)} MB),`,
    `largest difference ${Math.max(...differences).toExponential(1)} nats, ${changed} of ${Object.keys(ours).length} types differ`,
  ].join(" ");
}

async function typesFor(
  table: ErrorTable,
  probes: readonly ProbeWithAlpha[],
  run: ToolRun,
): Promise<Record<string, string>> {
  const base = await readGguf(join(run.cwd, "model.gguf"));
  const elements = base.tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const { types } = chooseTypes({
    spec: { base, imatrix: undefined, imatrixName: "imatrix.gguf", preset: "Q4_K_M", rounding: "nearest" },
    table,
    alphas: new Map(probes.flatMap(({ tensors, alpha }) => tensors.map((name) => [name, alpha] as const))),
    types: candidates,
    pins: new Map(),
    budgetBytes: (elements * bitsPerWeight) / 8,
  });
  return typeNames(types);
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  return [await work(), (performance.now() - start) / 1000];
}
