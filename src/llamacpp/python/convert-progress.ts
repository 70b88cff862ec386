import type { ToolRun } from "../tool-run.js";

const unitBytes: Record<string, number> = { "": 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** Parses tqdm's progress bar: "Writing:  62%|██▏ | 7.22M/11.5M [00:00<00:00, 70.7Mbyte/s]". */
export function followWriting(onProgress: ToolRun["onProgress"]): (text: string) => void {
  let rest = "";
  return (text) => {
    rest = (rest + text).slice(-4096);
    const bar = [...rest.matchAll(/Writing:[^\r\n]*?\| +([\d.]+)([kKMGT]?)\/([\d.]+)([kKMGT]?) \[/g)].at(-1);
    if (!bar) return;
    const bytes = (value = "", unit = "") => Number(value) * (unitBytes[unit] ?? 1);
    onProgress?.({ done: bytes(bar[1], bar[2]), total: bytes(bar[3], bar[4]), unit: "byte" });
    rest = rest.slice(bar.index + bar[0].length);
  };
}
