import type { Command } from "commander";

/** Adds the options to a command that builds a plan. */
export function addComputeOptions(command: Command): Command {
  return command
    .option("--device <name>", "auto, cpu, cuda, vulkan, metal or a device of `doctor`; these five override the recipe")
    .option("--gpu-layers <n>", "layers on the devices: auto or a number")
    .option("--main-gpu <index>", "device for small tensors, among those in use")
    .option("--tensor-split <shares>", "shares of the model by device, such as 3,1")
    .option("--cpu-moe <mode>", "keep expert weights in host memory: auto, on or off");
}
