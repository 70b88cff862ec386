import type { BackendKind } from "./compute.js";

/** Request to the child process that loads a backend, as JSON on its standard input. */
export interface ListRequest {
  kind: BackendKind;
  /** Absolute path of the backend's library. */
  library: string;
  /** Absolute path of libggml-base, which the library requires. */
  base: string;
}

/** A device as the child process reads it from ggml. */
export interface ReportedDevice {
  name: string;
  description: string;
  /** The card's address on the PCI bus, such as `0000:c1:00.0`; null if unknown. */
  id: string | null;
  totalBytes: number;
  freeBytes: number;
  /** Shares the memory of the CPU. */
  isIntegrated: boolean;
  /** Computes on the CPU, such as Mesa's llvmpipe. */
  isSoftware: boolean;
}

/** Message of the child process, one JSON document on standard output. */
export type ListMessage =
  | { kind: "loaded"; devices: readonly ReportedDevice[]; driver: string | null }
  /** `missing`: names of the absent shared libraries; `reason`: the loader's message. */
  | { kind: "unloadable"; missing: readonly string[]; reason: string };
