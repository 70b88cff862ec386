import { type Compute, cpuCompute } from "../src/llamacpp/compute/compute.js";
import { computeMoments } from "../src/llamacpp/moments.js";
import { roundTensors } from "../src/llamacpp/round.js";
import type { ToolRun } from "../src/llamacpp/tool-run.js";

/** Types of the preset Q4_K_M. */
const types = new Map([
  ["blk.0.attn_q.weight", ["Q4_K"]],
  ["blk.0.ffn_down.weight", ["Q6_K"]],
]);

/** Seconds of llama-round for two weights of `model.gguf`, on the device and on the CPU. */
export interface DeviceRounding {
  deviceSeconds: number;
  cpuSeconds: number;
  /** The loss on the device as a share of that on the CPU, by weight. */
  lossRatios: number[];
}

/** Rounds with moments of `text.txt`, computed on the CPU for both. Requires both files in `run.cwd`. */
export async function compareRounding(run: ToolRun, compute: Compute): Promise<DeviceRounding> {
  await computeMoments({
    ...run,
    ...{ model: "model.gguf", text: "text.txt", chunks: 8, context: 512, layers: [0, 1], output: false },
    ...{ out: "moments-imatrix.gguf", moments: "moments.gguf", state: "moments.state", sharedExperts: false },
  });
  const files = { model: "model.gguf", moments: "moments.gguf", types };
  const round = async (on: Compute) => {
    const { tensors, seconds } = await roundTensors({ ...run, ...files, compute: on, out: `rounded-${on.backend}` });
    return { seconds, losses: tensors.map(({ results: [result] }) => result?.loss ?? Number.NaN) };
  };
  const [device, cpu] = [await round(compute), await round(cpuCompute)];
  return {
    deviceSeconds: device.seconds,
    cpuSeconds: cpu.seconds,
    lossRatios: device.losses.map((loss, i) => loss / (cpu.losses[i] ?? Number.NaN)),
  };
}
