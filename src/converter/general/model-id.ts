/** Components of a model's or data set's repository name. */
export interface ModelId {
  name: string;
  organization?: string;
  version?: string;
}

type Kind = "basename" | "size" | "finetune" | "version" | "type";

interface Part {
  text: string;
  kinds: Set<Kind>;
}

const version = /^(v|iter)?\d+(\.\d+)*$/i;
const storageType = /^(i?q\d(_\w)*|b?fp?(16|32))$/i;
const size = /^((A|\d+x)?\d+([._]\d+)?[KMBT]\d?|small|mini|medium|large|x?xl)$/i;
const tuning = /^(chat|instruct|vision|lora)$/i;

/**
 * Splits `org/name-of-parts` as llama.cpp's converter does (`get_model_id_components` in gguf-py), which writes the
 * result as `general.base_model.*` and `general.dataset.*`. `parameters` is the converted model's count; a part far
 * from it is not taken as a size.
 */
export function parseModelId(id: string, parameters: number): ModelId {
  if (id.includes(" ")) return { name: id };
  const slash = id.indexOf("/");
  const organization = id.slice(0, Math.max(slash, 0));
  const name = id.slice(slash + 1);
  const found = findVersion(name, parameters);
  return {
    name,
    ...(slash === -1 || organization.startsWith(".") ? {} : { organization }),
    ...(found === "" ? {} : { version: found }),
  };
}

/** Converts a name to a title: capitalizes lower-case words, except versions and numbers. */
export function asTitle(id: string): string {
  const words = id
    .trim()
    .replaceAll("-", " ")
    .split(/\s+/)
    .filter((word) => word !== "");
  return words.map((word) => (isLower(word) && !/^(v\d+(\.\d+)*|\d.*)$/.test(word) ? capitals(word) : word)).join(" ");
}

function isLower(word: string): boolean {
  return /\p{Ll}/u.test(word) && !/[\p{Lu}\p{Lt}]/u.test(word);
}

function capitals(word: string): string {
  return word.replace(/\p{Ll}+/gu, (run) => run.charAt(0).toUpperCase() + run.slice(1));
}

/** Returns the version parts that do not belong to the base name. */
function findVersion(name: string, parameters: number): string {
  const parts = name.split("-").filter((text) => text !== "");
  const all = parts.map((text, i) => readPart(text, i, parameters));
  if (all.some(({ text, kinds }) => kinds.has("size") && /\d/.test(text))) {
    for (const { text, kinds } of all) if (/^\p{L}+$/u.test(text)) kinds.delete("size");
  }
  markBasename(all);
  return all
    .filter(({ kinds }) => kinds.has("version") && !kinds.has("basename"))
    .map(({ text }) => text)
    .join("-");
}

function readPart(text: string, index: number, parameters: number): Part {
  const part: Part = { text, kinds: new Set() };
  if (version.test(text)) part.kinds.add("version");
  else if (storageType.test(text)) return { text: text.toUpperCase(), kinds: new Set(["type"]) };
  else if (index > 0 && size.test(text)) readSize(part, parameters);
  else if (index > 0 && tuning.test(text)) part.kinds.add("finetune");
  return part;
}

function readSize(part: Part, parameters: number): void {
  let text = part.text.replaceAll("_", ".");
  // `7b1` means 7.1 billion.
  if (/\d$/.test(text)) text = `${text.slice(0, -2)}.${text.slice(-1)}${text.slice(-2, -1)}`;
  if (/\d[kmbt]$/.test(text)) text = text.slice(0, -1) + text.slice(-1).toUpperCase();
  const count = Number(text.slice(0, -1)) * 1000 ** " KMBT".indexOf(text.slice(-1));
  if (parameters > 0 && Math.abs(count - parameters) > Math.floor((7 * parameters) / 8)) {
    // Too far from the model's count: likely a context length.
    part.kinds.add("finetune");
    text = text.slice(0, -1) + text.slice(-1).toLowerCase();
  } else part.kinds.add("size");
  part.text = text;
}

function markBasename(parts: readonly Part[]): void {
  let atStart = true;
  for (const { text, kinds } of parts) {
    if (atStart && ((kinds.size === 0 && /^\p{L}/u.test(text)) || kinds.has("version"))) kinds.add("basename");
    else {
      atStart = false;
      if (kinds.size === 0) kinds.add("finetune");
    }
  }
  // A version at the end does not belong to the base name.
  for (const { kinds } of parts.toReversed()) {
    if (!kinds.has("basename") || kinds.size === 1) return;
    kinds.delete("basename");
  }
}
