import { emptyPick, type RuntimePick } from "./runtime-pick.js";

const projector = /[-_.]*mmproj[-_.].+\.gguf$/i;
const splitName = /-\d{5}-of-\d{5}\.gguf$/i;

/** True for a name that PocketPal takes for a projector; `mmproj.gguf` and `x-mmproj.gguf` are models to it. */
export function isPocketPalProjector(file: string): boolean {
  return projector.test(file);
}

/**
 * What PocketPal downloads when `file` is tapped in its list: the list shows every GGUF file in any letter case that is
 * neither a projector nor a shard (newer versions join shards, older ones leave them out). The projector is the one with
 * the model's own precision, else the next better, else the best.
 */
export function resolvePocketPal(files: readonly string[], file: string): RuntimePick {
  if (!/\.gguf$/i.test(file)) return emptyPick("it lists GGUF files only");
  if (isPocketPalProjector(file)) return emptyPick("it takes the file for a projector");
  if (splitName.test(file)) return emptyPick("it leaves shards out");
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

/** Where a name's precision stands; 16 bits and more are looked for first, then the bits of a quantization. */
function rank(file: string): number {
  const name = file.toLowerCase();
  const precision = /\b(f16|bf16|f32)\b/.exec(name)?.[1] ?? /\b[iq]?(q[1-8])(?:[_\-a-z0-9]*)?\b/.exec(name)?.[1];
  return precision === undefined ? -1 : ranks.indexOf(precision);
}
