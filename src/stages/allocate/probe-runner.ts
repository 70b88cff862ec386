import { join } from "node:path";
import { requireBaseLogits } from "../../llamacpp/base-logits.js";
import { ProbeTool } from "../../llamacpp/probe.js";
import { measureTensorErrors } from "../../quant/error-table.js";
import type { NativePool } from "../../quant/native-pool.js";
import { canonicalJson } from "../../util/canonical-json.js";
import { sha256 } from "../../util/sha256.js";
import type { Source } from "../ggml-source.js";
import { requireMemory } from "../require-memory.js";
import type { OperationReport, StageContext } from "../stage.js";
import { linkInput, toolRun } from "../step-files.js";
import { storableTypes } from "./candidates.js";
import { appendToJournal, journalName, type Probe, readJournals } from "./probe-journal.js";
import type { ProbeUnit } from "./probe-units.js";
import { ProbeValues } from "./probe-values.js";
import type { RoundedTensors } from "./rounded-tensors.js";

/** Runs probes in one process that keeps the model loaded, with a journal that survives a killed run. */
export class ProbeRunner {
  readonly #pool: NativePool;
  readonly #source: Source;
  readonly #values: ProbeValues;
  readonly #journal: string;
  readonly #finished: Probe[];
  readonly #tool: ProbeTool;
  #measured = 0;
  #resumed = 0;

  private constructor(parts: {
    pool: NativePool;
    source: Source;
    values: ProbeValues;
    tool: ProbeTool;
    journal: string;
    finished: Probe[];
  }) {
    this.#pool = parts.pool;
    this.#source = parts.source;
    this.#values = parts.values;
    this.#tool = parts.tool;
    this.#journal = parts.journal;
    this.#finished = parts.finished;
  }

  /** Reads the journal. `rounded` selects error-feedback rounding. The caller closes the result. Throws QS-COMPUTE-BASE. */
  static async open(
    context: StageContext,
    source: Source,
    pool: NativePool,
    rounded?: RoundedTensors,
  ): Promise<ProbeRunner> {
    const folder = await context.partial();
    const journal = join(folder, journalName(context.shard));
    const finished = await readJournals(folder);
    const files = {
      model: await linkInput(context, "model", "base.gguf"),
      base: await linkInput(context, "base", "base.kld"),
    };
    await requireMemory(context, (await requireBaseLogits(context.work, files.base)).context);
    const values = new ProbeValues(context, source, pool, rounded);
    const tool = new ProbeTool({ ...(await toolRun(context)), ...files });
    return new ProbeRunner({ pool, source, values, tool, journal, finished });
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
    const { kld, kldError } = await this.#tool.measure(await this.#values.changeTo(types));
    this.#measured++;
    const probe = { unit, type, kld, kldError };
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

  /** Ends the process; returns its command, its peak memory, and the numbers of measured and resumed probes. */
  async finish(): Promise<OperationReport> {
    const measurements = { probesMeasured: this.#measured, probesResumed: this.#resumed };
    const tool = await this.#tool.finish();
    if (tool === undefined) return { measurements };
    return { commands: [tool.argv], peakMemoryBytes: tool.peakMemoryBytes, measurements };
  }

  /** Ends the process if a measurement failed. */
  async close(): Promise<void> {
    await this.#tool.stop();
  }

  async #measureError(name: string, types: ReturnType<typeof storableTypes>): Promise<Record<string, number>> {
    const tensor = this.#source.tensors.get(name);
    if (tensor === undefined) throw new Error(`the model has no tensor ${name}`);
    const importance = await this.#source.importanceOf(name);
    return (await measureTensorErrors({ pool: this.#pool, tensor, types, importance })).errors;
  }
}
