import type { Device, Figure } from "../../../src/hardware/catalog/device.js";
import type { Footprint } from "../../../src/hardware/memory/memory.js";

/** A dense file of one type with 32 equal blocks; `given` overrides fields. */
export function footprint(type: string, activeBytes: number, given: Partial<Footprint> = {}): Footprint {
  const blocks = 32;
  const outputBytes = activeBytes / 10;
  const layerBytes = new Array<number>(blocks).fill((activeBytes - outputBytes) / blocks);
  return {
    architecture: "llama",
    fileBytes: activeBytes,
    trainedContext: 8192,
    types: { [type]: activeBytes },
    layerBytes,
    expertBytes: layerBytes.map(() => 0),
    experts: null,
    hostBytes: 0,
    outputBytes,
    activeBytes,
    ...given,
  };
}

export function figure(value: number): Figure {
  return { value, basis: "specification", source: "test" };
}

/** A GPU with 936 GB/s; `given` overrides fields. */
export function device(given: Partial<Device> = {}): Device {
  return {
    id: "card",
    name: "Card",
    class: "gpu",
    chip: "RTX 3090",
    year: null,
    memory: { kind: "discrete", cards: 1, bytes: figure(24e9) },
    budget: figure(22e9),
    bandwidth: figure(936e9),
    backends: ["cuda"],
    power: null,
    sustained: { retention: null, minutes: null, energyPerToken: null, batteryPer1kTokens: null },
    ...given,
  };
}

export const laptop = device({
  class: "cpu",
  chip: "x86 with AVX2",
  memory: { kind: "unified", cards: 1, bytes: figure(16e9) },
  bandwidth: figure(50e9),
  backends: ["cpu-x86"],
});
