/** Parts of a model's name for GGUF metadata (`general.basename`, …); null for missing parts. */
export interface NameParts {
  basename: string | null;
  sizeLabel: string | null;
  finetune: string | null;
  version: string | null;
}

const size = /^(A?\d+(\.\d+)?|\d+x\d+(\.\d+)?)[BMTQ]$/i;
const version = /^v?\d+(\.\d+)*$/i;

/**
 * Splits a name such as `Qwen3-4B-Instruct-2507` by GGUF's naming convention into base name, size, fine-tune and version.
 * All parts are null for a name without a size, which is ambiguous.
 */
export function nameParts(name: string): NameParts {
  const parts = name.split("-").filter((part) => part !== "");
  const first = parts.findIndex((part, index) => index > 0 && size.test(part));
  if (first < 0) return { basename: null, sizeLabel: null, finetune: null, version: null };
  const rest = parts.slice(first);
  const after = rest.filter((part) => !size.test(part));
  const join = (kept: readonly string[]) => (kept.length === 0 ? null : kept.join("-"));
  return {
    basename: join(parts.slice(0, first)),
    sizeLabel: join(rest.filter((part) => size.test(part)).map((part) => part.toUpperCase().replace("X", "x"))),
    finetune: join(after.filter((part) => !version.test(part))),
    version: join(after.filter((part) => version.test(part))),
  };
}
