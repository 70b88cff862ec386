import type { UploadHooks } from "../../hub/upload/upload-objects.js";
import { formatBytes } from "../../util/bytes.js";

const intervalMs = 10_000;

/** Creates a callback that writes the progress and rate of an upload every ten seconds. */
export function uploadProgress(write: (line: string) => void): UploadHooks["onProgress"] {
  let last = performance.now();
  return (done, total, rate) => {
    if (performance.now() - last < intervalMs) return;
    last = performance.now();
    write(`uploaded ${formatBytes(done)} of ${formatBytes(total)}${rate === "" ? "" : `, ${rate}`}`);
  };
}
