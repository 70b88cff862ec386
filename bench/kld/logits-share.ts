import { readBaseLogits } from "../../src/llamacpp/base-logits.js";
import type { ToolRun } from "../../src/llamacpp/tool-run.js";
import { runTool } from "../../src/llamacpp/tool-run.js";

/** Times of one `llama-perplexity --kl-divergence`, in seconds per chunk. */
export interface KldTimes {
  decoding: number;
  /** Reading a chunk's rows, softmax and divergence. */
  logits: number;
}

/**
 * Measures how the time of a KLD run is divided. The tool evaluates a batch of several chunks, and then reads, computes
 * and prints chunk after chunk; the time between two rows of one batch is therefore that of the logits alone. `run.cwd`
 * contains `model.gguf` and `base.kld`, which must have at least two batches of two or more chunks. `flags` are device
 * options.
 */
export async function measureKldTimes(run: ToolRun, flags: readonly string[]): Promise<KldTimes> {
  const base = await readBaseLogits(`${run.cwd}/base.kld`);
  if (base === undefined) throw new Error("base.kld is not complete");
  const rows: number[] = [];
  let line = "";
  const args = ["-m", "model.gguf", "--kl-divergence", "--kl-divergence-base", "base.kld", "-c", `${base.context}`];
  const result = await runTool(run, "llama-perplexity", [...args, "-t", `${run.threads}`, ...flags], (text, stream) => {
    if (stream !== "stdout") return;
    const parts = `${line}${text}`.split("\n");
    line = parts.pop() ?? "";
    for (const part of parts) if (/^\s*\d+\s+\S+ ±/.test(part)) rows.push(performance.now() / 1000);
  });
  if (result.exitCode !== 0 || rows.length !== base.chunks) throw new Error(result.tail);
  const batch = Math.floor(2048 / base.context);
  // The first row of a batch also waits for the decoder.
  const gaps = rows
    .slice(1)
    .map((time, index) => ({ first: (index + 1) % batch === 0, seconds: time - (rows[index] ?? 0) }));
  const mean = (values: readonly { seconds: number }[]) =>
    values.reduce((sum, { seconds }) => sum + seconds, 0) / values.length;
  const logits = mean(gaps.filter(({ first }) => !first));
  const decoding = (mean(gaps.filter(({ first }) => first)) - logits) / batch;
  return { decoding, logits };
}
