import * as z from "zod";
import { type ErrorCode, errorCodes } from "../util/error-codes.js";
import { type ErrorReport, errorFrom } from "../util/error-report.js";
import { QuantsmithError } from "../util/errors.js";
import { readRegular } from "../util/regular-file.js";

const report: z.ZodType<ErrorReport> = z.object({
  code: z.string().transform((code) => (Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : "QS-WORKER-FAILED")),
  message: z.string(),
  remedy: z.string(),
  at: z.object({ file: z.string(), line: z.int().exactOptional(), column: z.int().exactOptional() }).exactOptional(),
  output: z.string().exactOptional(),
});

/**
 * Returns the error that a step's worker wrote, or undefined without one. Any other content gives QS-WORKER-FAILED,
 * since the file may not come from a worker.
 */
export async function readWorkerError(path: string, step: string): Promise<QuantsmithError | undefined> {
  const written = await readRegular(path).then(String, () => undefined);
  if (written === undefined) return undefined;
  const { success, data } = report.safeParse(parse(written));
  if (!success) {
    return new QuantsmithError("QS-WORKER-FAILED", `the job of ${step} failed, and its report ${path} is damaged`, {
      remedy: "Read its log in the queue, then run the same command again.",
    });
  }
  return errorFrom(data);
}

function parse(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return undefined;
  }
}
