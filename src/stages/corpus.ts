import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonObject } from "../util/canonical-json.js";
import { QuantsmithError } from "../util/errors.js";
import { sha256 } from "../util/sha256.js";
import { requiredInput, type StageContext } from "./stage.js";

/** One text of a corpus as the plan knows it; inputs `text0`, `text1`, … hold the files in this order. */
export interface CorpusText extends JsonObject {
  /** File name without folders; it is what the tools write into published metadata. */
  name: string;
  sha256: string;
}

/**
 * Puts a corpus into the working folder as one UTF-8 text and returns its file name there.
 * Errors: QS-TEXT-ENCODING for bytes that are not UTF-8, QS-TEXT-EMPTY for nothing but white space.
 */
export async function assembleCorpus(texts: readonly CorpusText[], context: StageContext): Promise<string> {
  const parts: string[] = [];
  for (const [index, text] of texts.entries()) {
    const path = requiredInput(context, `text${index}`);
    const bytes = await readFile(path);
    if (sha256(bytes) !== text.sha256) throw changedError(path);
    parts.push(decode(bytes, path));
  }
  const joined = parts.join("\n\n");
  if (joined.trim() === "") {
    throw new QuantsmithError("QS-TEXT-EMPTY", `the corpus ${corpusName(texts)} holds no text`, {
      remedy: "Give a text file with a few hundred kilobytes of ordinary text.",
    });
  }
  const name = texts.length === 1 ? corpusName(texts) : "corpus.txt";
  // A name that begins with "-" would be read as a flag, and one of a tool's own file would collide with it.
  const safeName = `${name.startsWith("-") ? "_" : ""}${name}${/\.(gguf|kld)$/i.test(name) ? ".txt" : ""}`;
  await writeFile(join(context.work, safeName), joined);
  return safeName;
}

/** How a corpus is called on the card: its file names. */
export function corpusName(texts: readonly CorpusText[]): string {
  return texts.map((text) => text.name).join(" + ");
}

/** The step is keyed by the text as it was planned; another text under that key would be believed for ever. */
function changedError(path: string): QuantsmithError {
  return new QuantsmithError("QS-INPUT-CHANGED", `${path} was changed while the run was using it`, {
    remedy: "Run again; the plan then sees the new text.",
    at: { file: path },
  });
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new QuantsmithError("QS-TEXT-ENCODING", `${path} is not UTF-8 text`, {
      remedy: "Save the text as UTF-8.",
      at: { file: path },
      cause,
    });
  }
}
