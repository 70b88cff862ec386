import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { MemoryConfiguration } from "../../src/hardware/memory/memory.js";
import type { Toolchain } from "../../src/llamacpp/toolchain/tools.js";
import { runSubprocess } from "../../src/util/subprocess.js";

/** Tokens sampled after the prompt. */
const sampledTokens = 8;
/** Spare tokens beside one token per word. */
const spareTokens = 8;
const pollMs = 5;

export interface MeasuredPeak {
  /** The kernel's high-water mark of resident memory (VmHWM), bytes. */
  bytes: number;
  /** Buffer sizes from llama.cpp's log. */
  buffers: readonly string[];
}

/**
 * Runs a model with llama-completion with loaded (not mapped) weights and a prompt that fills the context; Linux only.
 * The prompt repeats one common word of one token, so its length is exact.
 */
export async function measuredPeak(
  toolchain: Toolchain,
  model: string,
  { context, kvType, flashAttention }: MemoryConfiguration,
): Promise<MeasuredPeak> {
  const cwd = path.dirname(model);
  const prompt = `prompt-${context}.txt`;
  await writeFile(path.join(cwd, prompt), " the".repeat(context - sampledTokens - spareTokens));
  const args = [
    ...["-m", path.basename(model), "-f", prompt, "-c", `${context}`, "-n", `${sampledTokens}`, "-t", "2"],
    ...["-ctk", kvType, "-ctv", kvType, "-fa", flashAttention ? "on" : "off", "--load-mode", "none", "-fit", "off"],
    ...["-no-cnv", "--no-warmup", "--simple-io", "--no-escape", "--ignore-eos", "--temp", "1", "-v"],
  ];
  const running = runSubprocess({ file: toolchain.tools["llama-completion"].path, args, cwd });
  const watching = new AbortController();
  const peak = pollPeak(watching.signal);
  const result = await running.finally(() => watching.abort());
  if (result.exitCode !== 0) throw new Error(`${path.basename(model)}: ${result.tail}`);
  return {
    bytes: await peak,
    buffers: result.stderr.split("\n").filter((line) => /buffer size = |: size = /.test(line)),
  };
}

/** Returns the highest VmHWM among this process's children; only one runs at a time. */
async function pollPeak(signal: AbortSignal): Promise<number> {
  let peak = 0;
  while (!signal.aborted) {
    const children = (await readFile(`/proc/self/task/${process.pid}/children`, "utf8")).trim().split(" ");
    for (const child of children.filter((pid) => pid !== "")) {
      const status = await readFile(`/proc/${child}/status`, "utf8").catch(() => "");
      if (!/^Name:\s+llama-/.test(status)) continue;
      peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024);
    }
    await sleep(pollMs);
  }
  return peak;
}
