import { hubLabel } from "../../quant/names.js";
import { hubOrder, isModelName, modelFiles, parseGgufName, splitsOf } from "./gguf-name.js";
import { isPocketPalProjector } from "./pocketpal.js";
import { type TaggedRuntime, taggedRuntimes, tagOf } from "./resolve-all.js";

/** Something about a repository's file names that makes a runtime take another file, or none. Codes are permanent. */
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
    | "QS-RESOLVE-CASE";
  /** An error keeps a release from being published; a warning is told. */
  severity: "error" | "warning";
  file: string;
  message: string;
  remedy: string;
}

/** A model that is meant to be found under a name. */
export interface NamedModel {
  name: string;
  file: string;
}

/**
 * What is wrong with the names of a repository's files, errors first. `variants` are the models and the names they are
 * meant to be found by; without them every model is meant to be found by its own label. Pure, and made from names alone.
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
  const message = "preset.ini makes llama.cpp's -hf download that file and no model";
  return [error("QS-RESOLVE-PRESET", "preset.ini", message, "Leave it out; it belongs into a repository of its own.")];
}

function caseProblems(files: readonly string[]): ResolutionProblem[] {
  const seen = new Map<string, string>();
  return files.flatMap((file) => {
    const first = seen.get(file.toLowerCase());
    seen.set(file.toLowerCase(), first ?? file);
    if (first === undefined) return [];
    const message = `${file} and ${first} differ in letter case only, and macOS and Windows keep one of them`;
    return [error("QS-RESOLVE-CASE", file, message, "Rename one of them.")];
  });
}

const labelRemedy = "Name the variant as a quantization the Hub knows, such as Q4_K_M or UD-Q4_K_XL.";

function labelProblems({ name, file }: NamedModel): ResolutionProblem[] {
  const label = hubLabel(baseName(file));
  if (label === undefined) {
    const message = `the Hub reads no quantization label from ${file}, so its page and its apps do not offer the file`;
    return [error("QS-RESOLVE-UNLABELLED", file, message, labelRemedy)];
  }
  if (label === name.toUpperCase()) return [];
  return [error("QS-RESOLVE-LABEL", file, `the Hub shows ${file} as ${label} and not as ${name}`, labelRemedy)];
}

function duplicateProblems(files: readonly string[]): ResolutionProblem[] {
  const taken = new Map<string, string>();
  return modelFiles(files).flatMap((file) => {
    const label = hubLabel(baseName(file));
    if (label === undefined) return [];
    const first = taken.get(label);
    taken.set(label, first ?? file);
    if (first === undefined) return [];
    const message = `${file} and ${first} have the same label ${label}, and a tag can pick only one of them`;
    return [error("QS-RESOLVE-DUPLICATE", file, message, "Keep one, or name them so that their labels differ.")];
  });
}

/** Where a variant's own name leads elsewhere. What a runtime refuses for being in shards is told apart. */
function tagProblems(files: readonly string[], { name, file }: NamedModel): ResolutionProblem[] {
  const isSplit = (parseGgufName(file)?.count ?? 1) > 1;
  const wrong = (Object.keys(taggedRuntimes) as TaggedRuntime[]).flatMap((runtime) => {
    const pick = taggedRuntimes[runtime].resolve(files, name);
    if (pick.file === file || (runtime === "ollama" && isSplit)) return [];
    return [{ runtime, found: pick.file ?? "nothing" }];
  });
  const [first] = wrong;
  if (first === undefined || files.includes("preset.ini")) return [];
  const where = wrong.map(({ runtime, found }) => `${runtime} finds ${found}`).join(", ");
  const remedy =
    "Rename the variant, the other file, or the model where its own name holds the tag: the first file that matches is taken.";
  return [error("QS-RESOLVE-TAG", file, `${file} is not what the tag ${name} leads to: ${where}`, remedy)];
}

function defaultProblems(files: readonly string[], variants: readonly NamedModel[]): ResolutionProblem[] {
  const pick = taggedRuntimes["llama.cpp"].resolve(files);
  if (pick.file === null) return [];
  if (!variants.some(({ file }) => file === pick.file)) {
    const message = `llama.cpp's -hf without a tag takes ${pick.file}, which is none of the variants`;
    return [error("QS-RESOLVE-DEFAULT", pick.file, message, "Take the file out of the release.")];
  }
  if (variants.length === 1 || /(Q4_K_M|Q8_0)[.-]/i.test(pick.file)) return [];
  const message = `there is neither Q4_K_M nor Q8_0, so -hf without a tag takes the first file, ${pick.file}`;
  return [warning("QS-RESOLVE-DEFAULT", pick.file, message, "Add a Q4_K_M, or always name the tag.")];
}

/** Models that no runtime sees as one: the wrong letter case of the ending, or a name that means another kind of file. */
function hiddenProblems(file: string): ResolutionProblem[] {
  if (!/\.gguf$/i.test(file) || isModelName(file)) return [];
  if (!file.endsWith(".gguf")) {
    return [error("QS-RESOLVE-HIDDEN", file, `llama.cpp does not see ${file}`, "Let the name end in .gguf.")];
  }
  const name = baseName(file);
  if (/^(mmproj|mtp|eagle3|dflash|dspark)-|imatrix|mmproj/.test(name)) return [];
  const message = `llama.cpp takes ${file} for no model, because of a part of its name`;
  return [error("QS-RESOLVE-HIDDEN", file, message, "Take mtp-, eagle3-, dflash- or dspark- out of the name.")];
}

function splitProblems(files: readonly string[], file: string): ResolutionProblem[] {
  const { count } = parseGgufName(file) ?? { count: 1 };
  if (count <= 1) return [];
  const found = splitsOf(files, file).length;
  if (found < count) {
    return [error("QS-RESOLVE-SHARDS", file, `${file} has ${found} of ${count} shards`, "Add the missing shards.")];
  }
  const message = `${file} is in shards: Ollama refuses it, and older versions of PocketPal hide it`;
  return [warning("QS-RESOLVE-SHARDS", file, message, "Join the shards, if that stays under 200 GB.")];
}

function projectorProblems(file: string): ResolutionProblem[] {
  const name = baseName(file);
  if (!/\.gguf$/i.test(name) || !/mmproj/i.test(name)) return [];
  if (isPocketPalProjector(name) && name.startsWith("mmproj-")) return [];
  const message = `${file} is a projector that not every runtime recognizes: PocketPal or LM Studio lists it as a model`;
  return [warning("QS-RESOLVE-MMPROJ", file, message, "Name it mmproj-<Model>-F16.gguf.")];
}

const baseName = (file: string) => file.slice(file.lastIndexOf("/") + 1);

function error(code: ResolutionProblem["code"], file: string, message: string, remedy: string): ResolutionProblem {
  return { code, severity: "error", file, message, remedy };
}

function warning(code: ResolutionProblem["code"], file: string, message: string, remedy: string): ResolutionProblem {
  return { code, severity: "warning", file, message, remedy };
}
