import { openRegular } from "../util/regular-file.js";
import { missingGguf } from "./errors.js";
import type { GgufTensor } from "./gguf.js";

/**
 * Reads a whole F32 tensor into memory. The header must have been verified. Throws QS-GGUF-MISSING if the file has shrunk,
 * and system errors.
 */
export async function readFloats(path: string, tensor: GgufTensor): Promise<Float32Array<ArrayBuffer>> {
  const values = new Float32Array(tensor.bytes / Float32Array.BYTES_PER_ELEMENT);
  const bytes = new Uint8Array(values.buffer);
  const file = await openRegular(path);
  try {
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, done, bytes.length - done, tensor.offset + done);
      if (bytesRead === 0) throw missingGguf(path, "the file shrank while it was read");
      done += bytesRead;
    }
  } finally {
    await file.close();
  }
  return values;
}
