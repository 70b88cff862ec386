import type { ClientRequest } from "node:http";

/** Length of a window in which the rate is measured. */
const windowMs = 60_000;

/**
 * Calls `onSlow` if a request's body, sent or received, stays below `bytesPerSecond` for a minute. The socket's own timeout
 * detects only silence, so a server that sends one byte at a time could block a transfer forever.
 */
export function watchRate(request: ClientRequest, bytesPerSecond: number, onSlow: (error: Error) => void): void {
  let answered = false;
  request.on("response", () => {
    answered = true;
  });
  const state = () => {
    const phase = answered ? "receiving" : request.writableFinished ? "waiting" : "sending";
    const { bytesRead = 0, bytesWritten = 0 } = request.socket ?? {};
    return { phase, bytes: phase === "sending" ? bytesWritten : bytesRead };
  };
  let last = state();
  const timer = setInterval(() => {
    const now = state();
    const bytes = now.bytes - last.bytes;
    // A server may need minutes to execute a request, but not for the bytes of its header.
    const judged = now.phase === last.phase && (now.phase !== "waiting" || bytes > 0);
    last = now;
    if (judged && bytes * 1000 < bytesPerSecond * windowMs) {
      onSlow(new Error(`only ${bytes} bytes were transferred in ${windowMs / 1000} s`));
    }
  }, windowMs);
  timer.unref();
  request.on("close", () => clearInterval(timer));
}
