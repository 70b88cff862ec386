/** Parts of a model's name as GGUF metadata tells them (`general.basename`, …); null for what the name does not say. */
export interface NameParts {
  basename: string | null;
  sizeLabel: string | null;
  finetune: string | null;
  version: string | null;
}

const size = /^(A?\d+(\.\d+)?|\d+x\d+(\.\d+)?)[BMTQ]$/i;
const version = /^v?\d+(\.\d+)*$/i;

/**
 * Takes a name such as `Qwen3-4B-Instruct-2507` apart as the naming rules of GGUF put it together: base, size, what it
 * was tuned for, version. A name without a size says too little to be taken apart, and all parts are null.
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
