import { QuantsmithError } from "../util/errors.js";
import type { Warning } from "../util/warnings.js";

/** Returns the error of `--strict` for these warnings, which are printed; undefined without any. */
export function strictError(warnings: readonly Warning[]): QuantsmithError | undefined {
  if (warnings.length === 0) return undefined;
  const codes = [...new Set(warnings.map(({ code }) => code))].join(", ");
  const count = warnings.length === 1 ? "a warning" : `${warnings.length} warnings`;
  return new QuantsmithError("QS-STRICT", `\`--strict\` does not allow ${count}: ${codes}`, {
    remedy: "Resolve the warnings above, or run without `--strict`.",
  });
}
