import type { ToolRun } from "./tool-run.js";

/**
 * Parses the progress of llama-imatrix and llama-perplexity: the total from "over 20 chunks", the finished chunks from
 * "[1]7.80,[2]8.22," or from the rows of the divergence table ("   2   11.2762 ± ...").
 */
export function followChunks(onProgress: ToolRun["onProgress"]): (text: string, stream: "stdout" | "stderr") => void {
  if (!onProgress) return () => {};
  let total = 0;
  let done = 0;
  // A piece of output may end inside a number, so its unfinished end is joined with the next piece.
  const rest = { stdout: "", stderr: "" };
  return (text, stream) => {
    const pieces = (rest[stream] + text).split(/[,\n]/);
    rest[stream] = pieces.pop() ?? "";
    for (const piece of pieces) {
      const announced = /\bover (\d+) chunks$/.exec(piece);
      if (announced) total = Number(announced[1]);
      const chunk = /^\s*\[(\d+)\]|^\s*(\d+)\s+\S+ ±/.exec(piece);
      if (!chunk) continue;
      done = Math.max(done, Number(chunk[1] ?? chunk[2]));
      if (total > 0) onProgress({ done, total, unit: "chunk" });
    }
  };
}
