import { hubLabel } from "../../quant/names.js";
import { hubOrder, isModelName, modelFiles, parseGgufName, splitsOf } from "./gguf-name.js";
import { isPocketPalProjector } from "./pocketpal.js";
import { type TaggedRuntime, taggedRuntimes, tagOf } from "./resolve-all.js";

/** A file name that makes a runtime resolve another file, or none. Codes are permanent. */
export interface ResolutionProblem {
  code:
    | "QS-RESOLVE-PRESET"
    | "QS-RESOLVE-UNLABELLED"
    | "QS-RESOLVE-LABEL"
    | "QS-RESOLVE-DUPLICATE"
    | "QS-RESOLVE-TAG"
    | "QS-RESOLVE-DEFAULT"
    | "QS-RESOLVE-HIDDEN"
    | "QS-RESOLVE-SHARDS"
    | "QS-RESOLVE-MMPROJ"
    | "QS-RESOLVE-FOREIGN"
    | "QS-RESOLVE-CASE";
  /** An error blocks publishing; a warning is only reported. */
  severity: "error" | "warning";
  file: string;
  message: string;
  remedy: string;
}

/** A model file, and the tag under which runtimes should resolve it. */
export interface NamedModel {
  name: string;
  file: string;
}

/**
 * Returns problems with the file names of a repository, errors first. `variants` are the models and their expected tags;
 * by default every model is expected under its own label. Pure: only file names are used.
 */
export function findResolutionProblems(
  paths: readonly string[],
  variants: readonly NamedModel[] = modelFiles(paths).map((file) => ({ name: tagOf(file), file })),
): ResolutionProblem[] {
  const files = hubOrder(paths);
  const problems = [
    ...presetProblems(files),
    ...caseProblems(files),
    ...variants.flatMap((variant) => labelProblems(variant)),
    ...duplicateProblems(files),
    ...variants.flatMap((variant) => tagProblems(files, variant)),
    ...defaultProblems(files, variants),
    ...files.flatMap((file) => hiddenProblems(file)),
    ...modelFiles(files).flatMap((file) => splitProblems(files, file)),
    ...files.flatMap((file) => projectorProblems(file)),
  ];
  return problems.toSorted((a, b) => Number(b.severity === "error") - Number(a.severity === "error"));
}

function presetProblems(files: readonly string[]): ResolutionProblem[] {
  if (!files.includes("preset.ini")) return [];
  const message = "llama.cpp `-hf` downloads preset.ini instead of a model";
  return [error("QS-RESOLVE-PRESET", "preset.ini", message, "Move preset.ini to a separate repository.")];
}

function caseProblems(files: readonly string[]): ResolutionProblem[] {
  const seen = new Map<string, string>();
  return files.flatMap((file) => {
    const first = seen.get(file.toLowerCase());
    seen.set(file.toLowerCase(), first ?? file);
    if (first === undefined) return [];
    const message = `${file} and ${first} differ only in letter case; macOS and Windows keep one of them`;
    return [error("QS-RESOLVE-CASE", file, message, "Rename one of the files.")];
  });
}

const labelRemedy = "Name the variant after a quantization that the Hub recognizes, such as `Q4_K_M` or `UD-Q4_K_XL`.";

function labelProblems({ name, file }: NamedModel): ResolutionProblem[] {
  const label = hubLabel(baseName(file));
  if (label === undefined) {
    const message = `the Hub does not recognize a quantization label in ${file}, so the model page and apps do not offer the file`;
    return [error("QS-RESOLVE-UNLABELLED", file, message, labelRemedy)];
  }
  if (label === name.toUpperCase()) return [];
  return [error("QS-RESOLVE-LABEL", file, `the Hub labels ${file} as ${label} instead of ${name}`, labelRemedy)];
}

function duplicateProblems(files: readonly string[]): ResolutionProblem[] {
  const taken = new Map<string, string>();
  return modelFiles(files).flatMap((file) => {
    const label = hubLabel(baseName(file));
    if (label === undefined) return [];
    const first = taken.get(label);
    taken.set(label, first ?? file);
    if (first === undefined) return [];
    const message = `${file} and ${first} have the same label ${label}, but a tag resolves to only one of them`;
    return [
      error("QS-RESOLVE-DUPLICATE", file, message, "Remove one of the files, or rename it to a different label."),
    ];
  });
}

/** Tags that resolve to another file. Ollama's rejection of splits is reported by `splitProblems`. */
function tagProblems(files: readonly string[], { name, file }: NamedModel): ResolutionProblem[] {
  const isSplit = (parseGgufName(file)?.count ?? 1) > 1;
  const wrong = (Object.keys(taggedRuntimes) as TaggedRuntime[]).flatMap((runtime) => {
    const pick = taggedRuntimes[runtime].resolve(files, name);
    if (pick.file === file || (runtime === "ollama" && isSplit)) return [];
    return [{ runtime, found: pick.file ?? "nothing" }];
  });
  const [first] = wrong;
  if (first === undefined || files.includes("preset.ini")) return [];
  const where = wrong.map(({ runtime, found }) => `${runtime} resolves it to ${found}`).join(", ");
  const remedy =
    "Rename the variant or the other file, or shorten a model name that contains the tag: runtimes use the first match.";
  return [error("QS-RESOLVE-TAG", file, `the tag ${name} does not resolve to ${file}: ${where}`, remedy)];
}

function defaultProblems(files: readonly string[], variants: readonly NamedModel[]): ResolutionProblem[] {
  const pick = taggedRuntimes["llama.cpp"].resolve(files);
  if (pick.file === null) return [];
  if (!variants.some(({ file }) => file === pick.file)) {
    const message = `llama.cpp \`-hf\` without a tag resolves to ${pick.file}, which is not a variant`;
    return [error("QS-RESOLVE-DEFAULT", pick.file, message, "Remove the file from the release.")];
  }
  if (variants.length === 1 || /(Q4_K_M|Q8_0)[.-]/i.test(pick.file)) return [];
  const message = `the release has neither Q4_K_M nor Q8_0, so llama.cpp \`-hf\` without a tag resolves to the first file, ${pick.file}`;
  return [warning("QS-RESOLVE-DEFAULT", pick.file, message, "Add the variant `Q4_K_M`, or document the tag to use.")];
}

/** Models that runtimes ignore: the extension is not lower case, or the name marks another kind of file. */
function hiddenProblems(file: string): ResolutionProblem[] {
  if (!/\.gguf$/i.test(file) || isModelName(file)) return [];
  if (!file.endsWith(".gguf")) {
    return [
      error(
        "QS-RESOLVE-HIDDEN",
        file,
        `llama.cpp ignores ${file}: the extension is not lower case`,
        "Rename the file to end in `.gguf`.",
      ),
    ];
  }
  const name = baseName(file);
  if (/^(mmproj|mtp|eagle3|dflash|dspark)-|imatrix|mmproj/.test(name)) return [];
  const message = `llama.cpp does not treat ${file} as a model because of a marker in its name`;
  return [error("QS-RESOLVE-HIDDEN", file, message, "Remove `mtp-`, `eagle3-`, `dflash-` or `dspark-` from the name.")];
}

function splitProblems(files: readonly string[], file: string): ResolutionProblem[] {
  const { count } = parseGgufName(file) ?? { count: 1 };
  if (count <= 1) return [];
  const found = splitsOf(files, file).length;
  if (found < count) {
    return [error("QS-RESOLVE-SHARDS", file, `${file} has ${found} of ${count} splits`, "Add the missing splits.")];
  }
  const message = `${file} is split: Ollama rejects it, and older versions of PocketPal hide it`;
  return [warning("QS-RESOLVE-SHARDS", file, message, "Merge the splits if the file stays below 200 GB.")];
}

function projectorProblems(file: string): ResolutionProblem[] {
  const name = baseName(file);
  if (!/\.gguf$/i.test(name) || !/mmproj/i.test(name)) return [];
  if (isPocketPalProjector(name) && name.startsWith("mmproj-")) return [];
  const message = `PocketPal or LM Studio lists the projector ${file} as a model`;
  return [warning("QS-RESOLVE-MMPROJ", file, message, "Rename it to `mmproj-<Model>-F16.gguf`.")];
}

const baseName = (file: string) => file.slice(file.lastIndexOf("/") + 1);

function error(code: ResolutionProblem["code"], file: string, message: string, remedy: string): ResolutionProblem {
  return { code, severity: "error", file, message, remedy };
}

function warning(code: ResolutionProblem["code"], file: string, message: string, remedy: string): ResolutionProblem {
  return { code, severity: "warning", file, message, remedy };
}
