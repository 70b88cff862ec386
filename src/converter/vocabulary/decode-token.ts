import { isObject } from "../../checkpoint/parse-python-json.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { formatValue } from "../native-errors.js";
import { decodeByteLevel } from "./byte-level.js";
import { listMember, objectMember, objects } from "./tokenizer-files.js";
import { unsupportedTokenizer } from "./vocabulary-errors.js";

const file = "tokenizer.json";

/** Returns a function that decodes one token with tokenizer.json's decoder. Throws QS-CONVERT-TOKENIZER. */
export function tokenDecoder(tokenizer: JsonObject, cleanUp: boolean): (token: string) => string {
  const decoder = objectMember(tokenizer, "decoder", file);
  const steps = decoder === undefined ? [] : stepsOf(decoder).map(toStep);
  return (token) => {
    const text = steps.reduce((each, step) => step(each), token);
    return cleanUp ? withoutArtifacts(text) : text;
  };
}

function stepsOf(decoder: JsonObject): JsonObject[] {
  return decoder.type === "Sequence"
    ? objects(listMember(decoder, "decoders", file) ?? [], "decoder", file)
    : [decoder];
}

function toStep(step: JsonObject): (token: string) => string {
  const { type, content } = step;
  if (type === "ByteLevel") return decodeByteLevel;
  if (type === "Fuse") return (token) => token;
  if (type === "ByteFallback") return decodeByte;
  const pattern = isObject(step.pattern) ? step.pattern.String : undefined;
  if (type === "Replace" && typeof pattern === "string" && typeof content === "string") {
    return (token) => token.replaceAll(pattern, () => content);
  }
  const { start, stop } = step;
  if (type === "Strip" && typeof content === "string" && typeof start === "number" && typeof stop === "number") {
    return (token) => strip(token, content, start, stop);
  }
  throw unsupportedTokenizer(`does not support the decoder ${formatValue(type ?? null)} of tokenizer.json`);
}

function decodeByte(token: string): string {
  const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
  return byte === undefined ? token : Buffer.from([Number.parseInt(byte, 16)]).toString("utf8");
}

function strip(token: string, content: string, start: number, stop: number): string {
  const characters = [...token];
  let from = 0;
  while (from < start && characters[from] === content) from++;
  let to = characters.length;
  while (characters.length - to < stop && to > from && characters[to - 1] === content) to--;
  return characters.slice(from, to).join("");
}

/** transformers' `clean_up_tokenization`. */
function withoutArtifacts(text: string): string {
  const artifacts = [" .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're"];
  return artifacts.reduce((each, artifact) => each.replaceAll(artifact, artifact.trim()), text);
}
