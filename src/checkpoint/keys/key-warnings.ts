import type { Json, JsonObject } from "../../util/canonical-json.js";
import { quote, quoteList } from "../../util/quote.js";
import type { Warning } from "../../util/warnings.js";
import { isObject } from "../parse-python-json.js";
import { configKeys } from "./config-keys.js";
import { generationKeys } from "./generation-keys.js";
import type { FileKeys, KeyFacts } from "./key-list.js";
import { sentencePieceKeys } from "./sentencepiece-keys.js";
import { tokenizerConfigKeys } from "./tokenizer-config-keys.js";
import { addedTokensKeys, specialTokensMapKeys, tokenizerKeys } from "./tokenizer-keys.js";

/** The files whose keys are known. */
export const checkpointKeys: readonly FileKeys[] = [
  ...[configKeys, generationKeys, tokenizerConfigKeys, tokenizerKeys],
  ...[specialTokensMapKeys, addedTokensKeys, sentencePieceKeys],
];

/** Names in a message. */
const maxNames = 10;

/**
 * Returns a warning for every key of a file whose value is lost, and one for keys of unknown effect. `alsoRead` are further
 * keys that the converter reads. Pure.
 */
export function keyWarnings(keys: FileKeys, facts: KeyFacts, alsoRead: ReadonlySet<string> = new Set()): Warning[] {
  const found = flatten(facts.object, keys);
  const lost = Object.entries(keys.lost).filter(([key, rule]) => rule.differs(found.get(key), facts));
  const known = new Set([...keys.read, ...keys.withoutEffect, ...Object.keys(keys.lost), ...alsoRead]);
  const unknown = [...found.keys()].filter((key) => !known.has(key) && !keys.ignored?.test(key));
  return [
    ...lost.map(([key, rule]): Warning => {
      const message = `${keys.file}, \`${key}\`${described(found.get(key))}: ${rule.effect}`;
      const { remedy = "llama.cpp has no setting for it: compare answers with transformers." } = rule;
      return { code: "QW-KEYS-LOST", message, remedy };
    }),
    ...(unknown.length === 0 || keys.anyKey ? [] : [unknownKeys(keys.file, unknown)]),
  ];
}

function unknownKeys(file: string, names: readonly string[]): Warning {
  const listed = quoteList(names.slice(0, maxNames), "and");
  const more = names.length > maxNames ? ` and ${names.length - maxNames} more` : "";
  return {
    code: "QW-KEYS-UNKNOWN",
    message: `${file} contains keys that the conversion ignores, with an unknown effect: ${listed}${more}`,
    remedy: "If the model's code reads them, compare the release's answers with it; otherwise remove them.",
  };
}

/** Returns the values by key, with those inside an object of which the lists name keys, as `a.b`. */
function flatten(object: JsonObject, { read, withoutEffect, lost }: FileKeys): Map<string, Json> {
  const nested = new Set(
    [...read, ...withoutEffect, ...Object.keys(lost)].flatMap((key) => (key.includes(".") ? [key.split(".")[0]] : [])),
  );
  return new Map(
    Object.entries(object).flatMap(([key, value]): [string, Json][] => {
      if (value === undefined) return [];
      if (!nested.has(key) || !isObject(value)) return [[key, value]];
      const members = Object.entries(value) as [string, Json][];
      return [[key, value], ...members.map(([name, each]): [string, Json] => [`${key}.${name}`, each])];
    }),
  );
}

/** Returns a plain value in parentheses; lists and objects are too long for a message. */
function described(value: Json | undefined): string {
  if (typeof value === "object" && value !== null) return "";
  return ` (${value === undefined ? "missing" : typeof value === "string" ? quote(value) : String(value)})`;
}
