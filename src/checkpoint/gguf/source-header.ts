import type { Gguf } from "../../gguf/gguf.js";

/** The parts of a header that decide whether a file can be a source. */
export interface SourceHeader {
  /** Name for messages. */
  name: string;
  metadata: Gguf["metadata"];
  tensors: readonly Pick<Gguf["tensors"][number], "name" | "shape" | "type">[];
}
