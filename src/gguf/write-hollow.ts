import { open } from "node:fs/promises";
import { encodeHeader, type HeaderPlan } from "./encode-header.js";

/**
 * Writes a GGUF file that has a header and no data: a hole of the right size follows, which takes no disk. Programs that
 * only ask where a model's bytes go cannot tell it from the whole file. `path` must not exist. System errors pass.
 */
export async function writeHollow(path: string, plan: HeaderPlan): Promise<void> {
  const { bytes, fileBytes } = encodeHeader(plan);
  const file = await open(path, "wx");
  try {
    await file.writeFile(bytes);
    await file.truncate(fileBytes);
  } finally {
    await file.close();
  }
}
