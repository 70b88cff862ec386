import type { Pretokenizers } from "../../llamacpp/toolchain/pretokenizers.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { parseChildMessage } from "../../util/child-message.js";
import { foreignLimits, nodeProgram, runLimitedChild } from "../../util/limited-child.js";
import { lineReader } from "../../util/line-reader.js";
import type { NearestPretokenizer } from "./nearest-pretokenizer.js";
import { brokenTokenizer, unsupportedTokenizer } from "./vocabulary-errors.js";

/** What the pre-tokenizer of a tokenizer.json does with llama.cpp's test text. */
export interface TokenizerRun {
  /** The hash by which llama.cpp's converter recognizes the pre-tokenizer. */
  hash: string;
  /** The most similar known pre-tokenizer if the hash is unknown, and anything is comparable. */
  nearest?: NearestPretokenizer;
}

export type TokenizerMessage =
  | ({ kind: "done" } & TokenizerRun)
  | { kind: "broken"; reason: string }
  /** The next part starts; each has the whole time limit. */
  | { kind: "progress" };

/** A step's working folder and abort signal. */
export interface TokenizerContext {
  work: string;
  signal: AbortSignal;
}

/** On a busy machine, reading 262,000 tokens alone takes 10 seconds. */
const tokenizerLimits = { ...foreignLimits, seconds: 60 };

/** JavaScript heap in MiB; a tokenizer of 262,000 tokens and 515,000 merges takes 180. */
const heapMegabytes = 384;

/**
 * Runs a model's tokenizer. tokenizer.json contains regular expressions of a stranger, and some never terminate: they run
 * in a child process, limited in time and memory. Throws QS-CONVERT-TOKENIZER, the reason of `signal`, and QS-ENV-OOM if the system
 * kills the process.
 */
export async function runTokenizer(
  tokenizer: JsonObject,
  known: Pretokenizers,
  { work, signal }: TokenizerContext,
  limits = tokenizerLimits,
): Promise<TokenizerRun> {
  let last: TokenizerMessage | undefined;
  await runLimitedChild({
    ...nodeProgram("converter/vocabulary/tokenizer-child.js", heapMegabytes),
    values: [known, tokenizer],
    work,
    signal,
    limits,
    about: "the run of tokenizer.json",
    exceeded: (limit) => unsupportedTokenizer(`gives up on tokenizer.json, whose pre-tokenizer ${limit}`),
    onText: lineReader((line) => {
      last = parseChildMessage<TokenizerMessage>(line) ?? last;
    }),
  });
  if (last?.kind === "done") return last;
  throw brokenTokenizer(
    "tokenizer.json",
    `the tokenizers library rejects it: ${last?.kind === "broken" ? last.reason : "no result"}`,
  );
}
