/**
 * The child process that runs a model's tokenizer, see run-tokenizer.ts: llama.cpp's pre-tokenizers and then tokenizer.json
 * on standard input, one line each; messages on standard output.
 */
import { Tokenizer } from "@huggingface/tokenizers";
import type { Pretokenizers } from "../../llamacpp/toolchain/pretokenizers.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { lineReader } from "../../util/line-reader.js";
import { nearestPretokenizer } from "./nearest-pretokenizer.js";
import { pretokenizerHash } from "./pretokenizer-hash.js";
import type { TokenizerMessage } from "./run-tokenizer.js";

// biome-ignore lint/plugin: the channel to the parent process
const send = (message: TokenizerMessage) => process.stdout.write(`${JSON.stringify(message)}\n`);
let known: Pretokenizers | undefined;
const readLines = lineReader((line) => {
  if (known === undefined) known = JSON.parse(line) as Pretokenizers;
  else send(answer(JSON.parse(line) as JsonObject, known));
});
process.stdin.setEncoding("utf8").on("data", (piece: string) => readLines(piece));

function answer(json: JsonObject, table: Pretokenizers): TokenizerMessage {
  try {
    send({ kind: "progress" });
    const tokenizer = new Tokenizer(json, {});
    send({ kind: "progress" });
    const hash = pretokenizerHash(tokenizer, table.checkText);
    if (table.names[hash] !== undefined) return { kind: "done", hash };
    send({ kind: "progress" });
    const nearest = nearestPretokenizer(tokenizer, table);
    return { kind: "done", hash, ...(nearest && { nearest }) };
  } catch (error) {
    return { kind: "broken", reason: (error instanceof Error ? error.message : String(error)).slice(0, 300) };
  }
}
