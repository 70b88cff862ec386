import { copyFile, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readGguf } from "../../src/gguf/read-header.js";
import { measureKld } from "../../src/llamacpp/kl-divergence.js";
import type { ModelChange } from "../../src/llamacpp/probe.js";
import type { ToolRun } from "../../src/llamacpp/tool-run.js";
import type { ErrorTable } from "../../src/quant/error-table.js";
import type { Probe } from "../../src/stages/allocate/probe-journal.js";
import { type ProbeEffort, probeUnits } from "../../src/stages/allocate/probe-units.js";
import { ProbeValues } from "../../src/stages/allocate/probe-values.js";
import { openSource, withPool } from "../../src/stages/ggml-source.js";
import { stepContext } from "./step-context.js";

/** Measures the probes one by one: values in a copy of the model, and a run of llama-perplexity. */
export async function measureInCopies(
  run: ToolRun,
  table: ErrorTable,
  effort: ProbeEffort,
  probes: readonly Probe[],
): Promise<Probe[]> {
  const units = new Map(probeUnits(table.tensors, effort).map(({ id, tensors }) => [id, tensors]));
  const context = await stepContext(run, `${effort}-copies`, { model: join(run.cwd, "model.gguf") });
  const source = await openSource(context);
  await copyFile(join(run.cwd, "model.gguf"), join(context.work, "probe.gguf"));
  await copyFile(join(run.cwd, "base.kld"), join(context.work, "base.kld"));
  const measured: Probe[] = [];
  await withPool(context, async (pool) => {
    const values = new ProbeValues(context, source, pool);
    for (const { unit, type } of probes) {
      const types = new Map((units.get(unit) ?? []).map(({ name }) => [name, type]));
      await applyToCopy(context.work, join(run.cwd, "model.gguf"), await values.changeTo(types));
      const { figures } = await measureKld({ ...run, cwd: context.work, model: "probe.gguf", base: "base.kld" });
      measured.push({ unit, type, kld: figures.kldMean, kldError: figures.kldMeanError });
    }
  });
  return measured;
}

async function applyToCopy(work: string, model: string, { write, restore }: ModelChange): Promise<void> {
  const { tensors } = await readGguf(model);
  const [original, values] = await Promise.all([readFile(model), readFile(join(work, "values.bin"))]);
  const ends = [...tensors.map(({ offset }) => offset), original.length].sort((a, b) => a - b);
  const file = await open(join(work, "probe.gguf"), "r+");
  const placeOf = (name: string) => tensors.find((tensor) => tensor.name === name)?.offset ?? Number.NaN;
  for (const name of restore) {
    const place = placeOf(name);
    const end = ends.find((each) => each > place) ?? original.length;
    await file.write(original, place, end - place, place);
  }
  for (const [i, { tensor, offset }] of write.entries()) {
    const end = write[i + 1]?.offset ?? values.length;
    await file.write(values, offset, end - offset, placeOf(tensor));
  }
  await file.close();
}
