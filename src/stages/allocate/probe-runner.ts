import { join } from "node:path";
import { measureKld } from "../../llamacpp/kl-divergence.js";
import type { ToolRun } from "../../llamacpp/tool-run.js";
import { measureTensorErrors } from "../../quant/error-table.js";
import type { NativePool } from "../../quant/native-pool.js";
import { canonicalJson } from "../../util/canonical-json.js";
import { sha256 } from "../../util/sha256.js";
import type { Source } from "../ggml-source.js";
import type { OperationReport, StageContext } from "../stage.js";
import { linkInput, toolRun } from "../step-files.js";
import { storableTypes } from "./candidates.js";
import { appendToJournal, journalName, type Probe, readJournals } from "./probe-journal.js";
import { ProbeModel } from "./probe-model.js";
import type { ProbeUnit } from "./probe-units.js";
import type { RoundedTensors } from "./rounded-tensors.js";

/** Runs probes with a shared copy of the model, the base logits and a journal that survives a killed run. */
export class ProbeRunner {
  readonly #pool: NativePool;
  readonly #source: Source;
  readonly #copy: ProbeModel;
  readonly #run: ToolRun;
  readonly #logits: string;
  readonly #journal: string;
  readonly #finished: Probe[];
  #command: string[] | undefined;
  #peakMemoryBytes = 0;
  #measured = 0;
  #resumed = 0;

  private constructor(parts: {
    pool: NativePool;
    source: Source;
    copy: ProbeModel;
    run: ToolRun;
    logits: string;
    journal: string;
    finished: Probe[];
  }) {
    this.#pool = parts.pool;
    this.#source = parts.source;
    this.#copy = parts.copy;
    this.#run = parts.run;
    this.#logits = parts.logits;
    this.#journal = parts.journal;
    this.#finished = parts.finished;
  }

  /** Reads the journal and copies the model. `rounded` selects error-feedback rounding. The caller closes the result. */
  static async open(
    context: StageContext,
    source: Source,
    pool: NativePool,
    rounded?: RoundedTensors,
  ): Promise<ProbeRunner> {
    const folder = await context.partial();
    const journal = join(folder, journalName(context.shard));
    const finished = await readJournals(folder);
    const logits = await linkInput(context, "base", "base.kld");
    // Progress counts probes instead of the chunks of each tool run.
    const { onProgress: _chunks, ...run } = await toolRun(context);
    const copy = await ProbeModel.open(context, source, pool, rounded);
    return new ProbeRunner({ pool, source, copy, run, logits, journal, finished });
  }

  /** Measures the model with all tensors of the unit quantized to one type. */
  measureUnit({ id, tensors }: Pick<ProbeUnit, "id" | "tensors">, type: string): Promise<Probe> {
    return this.#measure(id, type, new Map(tensors.map(({ name }) => [name, type])));
  }

  /** Measures the model with the types of a variant. */
  measureTypes(types: ReadonlyMap<string, string>): Promise<Probe> {
    return this.#measure(`map:${sha256(canonicalJson(Object.fromEntries(types)))}`, "", types);
  }

  /** Returns the result from the journal, or measures it. */
  async #measure(unit: string, type: string, types: ReadonlyMap<string, string>): Promise<Probe> {
    const before = this.#finished.find((probe) => probe.unit === unit && probe.type === type);
    if (before !== undefined) {
      this.#resumed++;
      return before;
    }
    await this.#copy.setTypes(types);
    const result = await measureKld({ ...this.#run, model: this.#copy.name, base: this.#logits });
    this.#measured++;
    this.#command ??= result.argv;
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, result.peakMemoryBytes);
    const probe = { unit, type, kld: result.figures.kldMean, kldError: result.figures.kldMeanError };
    await appendToJournal(this.#journal, probe);
    this.#finished.push(probe);
    return probe;
  }

  /** Returns the sum of e(i, type) over the unit's tensors, measured where the error table does not list the type. */
  async errorOf(unit: ProbeUnit, type: string): Promise<number> {
    let sum = 0;
    for (const { name, shape, errors } of unit.tensors) {
      const types = storableTypes([type], shape[0] ?? 1);
      const stored = types[0]?.name ?? "";
      sum += errors[stored] ?? (await this.#measureError(name, types))[stored] ?? 0;
    }
    return sum;
  }

  /** Returns the first command, the peak memory, and the numbers of measured and resumed probes. */
  report(): OperationReport {
    return {
      commands: this.#command === undefined ? [] : [this.#command],
      peakMemoryBytes: this.#peakMemoryBytes,
      measurements: { probesMeasured: this.#measured, probesResumed: this.#resumed },
    };
  }

  close(): Promise<void> {
    return this.#copy.close();
  }

  async #measureError(name: string, types: ReturnType<typeof storableTypes>): Promise<Record<string, number>> {
    const tensor = this.#source.tensors.get(name);
    if (tensor === undefined) throw new Error(`the model has no tensor ${name}`);
    const importance = await this.#source.importanceOf(name);
    return (await measureTensorErrors({ pool: this.#pool, tensor, types, importance })).errors;
  }
}
