import type { JsonObject } from "../../util/canonical-json.js";
import { quote } from "../../util/quote.js";
import { maxTokens, tokenTypes } from "./vocabulary-entries.js";
import { brokenTokenizer } from "./vocabulary-errors.js";

/** One piece of a SentencePiece model; `type` is one of `tokenTypes`. */
export interface Piece {
  text: string;
  score: number;
  type: number;
}

const file = "tokenizer.model";

/**
 * Reads the pieces of a SentencePiece model in id order. The file is a protocol buffer (sentencepiece_model.proto):
 * field 1 is a piece with text (1), score (2) and type (3), field 2 contains the training settings. Like the library,
 * rejects empty and duplicate pieces and byte pieces that contradict `byte_fallback`. Throws QS-CONVERT-TOKENIZER.
 */
export function readPieces(bytes: Buffer): Piece[] {
  const pieces: Piece[] = [];
  const seen = new Set<string>();
  let byteFallback = false;
  for (const { number, value } of fields(bytes)) {
    if (number === trainerField && Buffer.isBuffer(value)) byteFallback = readByteFallback(value) ?? byteFallback;
    if (number !== 1) continue;
    if (!Buffer.isBuffer(value)) throw damaged(`piece ${pieces.length} is not a message`);
    const piece = readPiece(value, pieces.length);
    if (seen.has(piece.text)) throw damaged(`piece ${pieces.length}, ${quote(piece.text)}, occurs twice`);
    seen.add(piece.text);
    pieces.push(piece);
    if (pieces.length > maxTokens) throw damaged(`it has more than ${maxTokens} pieces`);
  }
  if (pieces.filter(({ type }) => type === tokenTypes.unknown).length !== 1) {
    throw damaged("it does not have exactly one unknown piece");
  }
  const ofBytes = pieces.filter(({ type }) => type === tokenTypes.byte).length;
  if (ofBytes !== (byteFallback ? 256 : 0)) {
    throw damaged(`it has ${ofBytes} byte pieces ${byteFallback ? "with" : "without"} byte_fallback`);
  }
  return pieces;
}

const trainerField = 2;
const normalizerField = 3;
const byteFallbackField = 35;

/**
 * Returns the settings that change how the library splits a text, under their names in sentencepiece_model.proto and with
 * its defaults; `precompiled_charsmap` is whether there is one. Throws QS-CONVERT-TOKENIZER.
 */
export function readSettings(bytes: Buffer): JsonObject {
  const messages = (field: number) =>
    Buffer.concat(
      [...fields(bytes)].flatMap(({ number, value }) => (number === field && Buffer.isBuffer(value) ? [value] : [])),
    );
  const last = (message: Buffer, field: number) =>
    [...fields(message)].filter(({ number }) => number === field).at(-1)?.value;
  const flag = (message: Buffer, field: number, otherwise: boolean) => {
    const value = last(message, field);
    return typeof value === "bigint" ? value !== 0n : otherwise;
  };
  // The parts of a message that occurs several times are one.
  const trainer = messages(trainerField);
  const normalizer = messages(normalizerField);
  const type = last(trainer, 3);
  const charsMap = last(normalizer, 2);
  return {
    trainer_spec: {
      model_type: typeof type === "bigint" ? Number(type) : 1,
      treat_whitespace_as_suffix: flag(trainer, 24, false),
    },
    normalizer_spec: {
      precompiled_charsmap: Buffer.isBuffer(charsMap) && charsMap.length > 0,
      add_dummy_prefix: flag(normalizer, 3, true),
      remove_extra_whitespaces: flag(normalizer, 4, true),
    },
  };
}

/** Returns the setting `byte_fallback`; undefined when it is missing. */
function readByteFallback(trainer: Buffer): boolean | undefined {
  const entry = [...fields(trainer)].filter(({ number }) => number === byteFallbackField).at(-1);
  return entry === undefined ? undefined : entry.value !== 0n;
}

function readPiece(bytes: Buffer, id: number): Piece {
  const piece: Piece = { text: "", score: 0, type: tokenTypes.normal };
  for (const { number, value } of fields(bytes)) {
    if (number === 1 && Buffer.isBuffer(value)) piece.text = decode(value, id);
    else if (number === 2 && Buffer.isBuffer(value) && value.length === 4) piece.score = value.readFloatLE();
    else if (number === 3 && typeof value === "bigint") piece.type = Number(value);
    else if (number <= 3) throw damaged(`piece ${id} has an unexpected encoding`);
  }
  if (piece.text === "") throw damaged(`piece ${id} has no text`);
  if (Number.isNaN(piece.score)) throw damaged(`the score of piece ${id}, ${quote(piece.text)}, is not a number`);
  if (!Object.values<number>(tokenTypes).includes(piece.type))
    throw damaged(`piece ${id} has the unknown type ${piece.type}`);
  if (piece.type === tokenTypes.byte && !/^<0x[0-9A-F]{2}>$/.test(piece.text)) {
    throw damaged(`byte piece ${id}, ${quote(piece.text)}, does not name a byte`);
  }
  return piece;
}

function decode(bytes: Buffer, id: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw damaged(`the text of piece ${id} is not UTF-8`);
  }
}

/** A protocol buffer field: a number, or the bytes of a string, a message or a fixed-size number. */
interface Field {
  number: number;
  value: bigint | Buffer;
}

function* fields(bytes: Buffer): Generator<Field> {
  let at = 0;
  while (at < bytes.length) {
    const key = readVarint(bytes, at);
    const number = Number(key.value >> 3n);
    at = key.next;
    const wire = Number(key.value & 7n);
    if (wire === 0) {
      const { value, next } = readVarint(bytes, at);
      yield { number, value };
      at = next;
      continue;
    }
    const length = wire === 2 ? readVarint(bytes, at) : { value: wireBytes(wire, at), next: at };
    const end = length.next + Number(length.value);
    if (number === 0 || end > bytes.length)
      throw damaged(`field ${number} at byte ${at} extends beyond the end of the file`);
    yield { number, value: bytes.subarray(length.next, end) };
    at = end;
  }
}

function wireBytes(wire: number, at: number): bigint {
  if (wire === 1) return 8n;
  if (wire === 5) return 4n;
  throw damaged(`byte ${at} does not start a valid protocol buffer field`);
}

/** Reads a base-128 number, lowest bits first; ten bytes are enough for 64 bits. */
function readVarint(bytes: Buffer, start: number): { value: bigint; next: number } {
  let value = 0n;
  for (let at = start; at < start + 10; at++) {
    const byte = bytes[at];
    if (byte === undefined) break;
    value |= BigInt(byte & 127) << BigInt(7 * (at - start));
    if (byte < 128) return { value, next: at + 1 };
  }
  throw damaged(`the number at byte ${start} is not terminated`);
}

function damaged(what: string) {
  return brokenTokenizer(file, what);
}
