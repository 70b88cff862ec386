import { type RuntimePick, unresolved } from "./runtime-pick.js";

const projector = /[-_.]*mmproj[-_.].+\.gguf$/i;
const splitName = /-\d{5}-of-\d{5}\.gguf$/i;

/** True for names that PocketPal treats as a projector; `mmproj.gguf` and `x-mmproj.gguf` count as models. */
export function isPocketPalProjector(file: string): boolean {
  return projector.test(file);
}

/**
 * Resolves a tap on `file` in PocketPal. The app lists GGUF files, with the extension in any letter case, except
 * projectors and splits (newer versions merge splits, older ones hide them). The projector has the model's precision, else
 * the next higher, else the highest.
 */
export function resolvePocketPal(files: readonly string[], file: string): RuntimePick {
  if (!/\.gguf$/i.test(file)) return unresolved("only GGUF files are listed");
  if (isPocketPalProjector(file)) return unresolved("the file is treated as a projector");
  if (splitName.test(file)) return unresolved("split files are not listed");
  const mmproj = projectorFor(file, files.filter(isPocketPalProjector));
  return { file, splits: [file], ...(mmproj === undefined ? {} : { mmproj }) };
}

const ranks = ["q1", "q2", "q3", "q4", "q5", "q6", "q8", "bf16", "f16", "f32"];

function projectorFor(model: string, projectors: readonly string[]): string | undefined {
  const own = rank(model);
  const best = projectors.toSorted((a, b) => rank(b) - rank(a))[0];
  if (projectors.length <= 1 || own === -1) return best;
  const better = projectors.filter((file) => rank(file) >= own).toSorted((a, b) => rank(a) - rank(b));
  return better[0] ?? best;
}

/** Rank of the precision in a name, -1 without one; 16 bits or more take precedence over a quantization. */
function rank(file: string): number {
  const name = file.toLowerCase();
  const precision = /\b(f16|bf16|f32)\b/.exec(name)?.[1] ?? /\b[iq]?(q[1-8])(?:[_\-a-z0-9]*)?\b/.exec(name)?.[1];
  return precision === undefined ? -1 : ranks.indexOf(precision);
}
