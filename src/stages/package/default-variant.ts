import type { VariantReport } from "../../release/release-report.js";
import { hubOrder } from "../../release/resolve/gguf-name.js";
import { taggedRuntimes } from "../../release/resolve/resolve-all.js";
import { isBetter } from "../../report/describe-file.js";
import type { Warning } from "../../util/warnings.js";

/** Returns a warning for every variant that runtimes take without a tag although another one is better. */
export function defaultWarnings(variants: readonly VariantReport[]): Warning[] {
  const files = hubOrder(variants.flatMap(({ file, parts }) => parts?.map((part) => part.file) ?? [file]));
  const defaults = Object.entries(taggedRuntimes).map(([runtime, { resolve }]) => ({ runtime, ...resolve(files) }));
  return variants.flatMap((variant): Warning[] => {
    const runtimes = defaults.filter(({ file }) => file === variant.file).map(({ runtime }) => runtime);
    const better = variants.find((other) => isBetter(other, variant))?.name;
    if (runtimes.length === 0 || better === undefined) return [];
    return [
      {
        code: "QW-DEFAULT-WORSE",
        message: `without a tag, ${runtimes.join(", ")} take this file, although ${better} is not larger and closer to the base`,
        remedy: `Remove this variant and give its name to the better one: \`name: ${variant.name}\`.`,
        variant: variant.name,
      },
    ];
  });
}
