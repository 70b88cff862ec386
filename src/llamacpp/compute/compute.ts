/** Kinds of ggml backends, the preferred first. */
export const backendKinds = ["cuda", "metal", "vulkan", "cpu"] as const;
export type BackendKind = (typeof backendKinds)[number];

/** Settings of recipes, pipelines and options. */
export interface ComputeSettings {
  /** `auto`, a kind of backend, or the name of a device as llama.cpp lists it. */
  device: string;
  /** Layers on the devices. `auto`: as many as llama.cpp fits into their memory. */
  gpuLayers: "auto" | number;
  /** Index of the device for small tensors, among those in use; null: llama.cpp's default. */
  mainGpu: number | null;
  /** Shares of the model by device; null: by free memory. */
  tensorSplit: readonly number[] | null;
  /** Whether expert weights stay in host memory. */
  cpuMoe: "auto" | "on" | "off";
}

/** A device as ggml lists it. */
export interface ComputeDevice {
  backend: BackendKind;
  /** `CUDA0`, `Vulkan1`. */
  name: string;
  /** `NVIDIA H200`. */
  description: string;
  /** The card's address on the PCI bus, such as `0000:c1:00.0`; null if unknown. */
  id: string | null;
  totalBytes: number;
  freeBytes: number;
}

/** The devices with which llama.cpp's tools compute on this machine. */
export interface Compute {
  backend: BackendKind;
  /** Empty on the CPU. */
  devices: readonly ComputeDevice[];
  /** Absolute path of the backend's library, which the tools load; null on the CPU and if they contain it. */
  library: string | null;
  /** Version of the driver; null on the CPU or if unknown. */
  driver: string | null;
  placement: Omit<ComputeSettings, "device">;
}

/** Computes on the CPU, as every machine can. */
export const cpuCompute: Compute = {
  backend: "cpu",
  devices: [],
  library: null,
  driver: null,
  placement: { gpuLayers: 0, mainGpu: null, tensorSplit: null, cpuMoe: "auto" },
};

/** Returns the device options of llama.cpp's tools; none on the CPU, where no backend of a device is loaded. */
export function computeArguments({ backend, devices, placement }: Compute): string[] {
  if (backend === "cpu") return [];
  const { gpuLayers, mainGpu, tensorSplit, cpuMoe } = placement;
  return [
    ...["--device", devices.map(({ name }) => name).join(",")],
    ...(gpuLayers === "auto" ? [] : ["-ngl", `${gpuLayers}`]),
    ...(mainGpu === null ? [] : ["-mg", `${mainGpu}`]),
    ...(tensorSplit === null ? [] : ["-ts", tensorSplit.join(",")]),
    ...(cpuMoe === "on" ? ["--cpu-moe"] : []),
  ];
}

/** Returns the environment variables of tools that compute with the devices of `compute`. */
export function computeEnvironment({ library }: Compute): Record<string, string> {
  return {
    // ggml loads this library beside those in the tools' folder.
    ...(library === null ? {} : { GGML_BACKEND_PATH: library }),
    // The lowest level at which tools print the number of layers on the devices.
    LLAMA_ARG_LOG_VERBOSITY: "4",
  };
}
