import { join } from "node:path";
import { readGguf } from "../../gguf/read-header.js";
import type { ToolReport } from "../../llamacpp/tool-run.js";
import type { OperationReport, StageContext } from "../stage.js";
import { writeReport } from "../step-files.js";
import { requireFinite } from "./require-finite.js";

/** `projector.json`, `mtp.json`: size of a file that the converter writes beside the model. */
export interface SideFileReport {
  bytes: number;
  tensors: number;
}

/**
 * Writes the report of such a file, and returns that of its operation. `otherwise` tells the user what to do about values beyond
 * the range of its type. Errors: QS-GGUF-*, QS-CONVERT-OVERFLOW.
 */
export async function reportSideFile(
  context: StageContext,
  { argv, peakMemoryBytes }: ToolReport,
  { file, report, otherwise }: { file: string; report: string; otherwise: string },
): Promise<OperationReport> {
  const gguf = await readGguf(join(context.out, file));
  await requireFinite(gguf, otherwise, context);
  const size: SideFileReport = { bytes: gguf.fileBytes, tensors: gguf.tensors.length };
  await writeReport(context, report, size);
  return { commands: [argv], peakMemoryBytes };
}
