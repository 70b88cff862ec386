import { quote } from "../util/quote.js";
import type { Gguf } from "./gguf.js";
import { metadataNumber, metadataString } from "./metadata.js";
import { alignUp } from "./place-tensors.js";
import { describeLaterPart, splitPart } from "./split-part.js";

/** A missing or unusual property of a valid file. The codes are permanent. */
export interface GgufProblem {
  code:
    | "QS-GGUF-PART"
    | "QS-GGUF-NO-NAME"
    | "QS-GGUF-NO-TENSORS"
    | "QS-GGUF-NO-CONTEXT"
    | "QS-GGUF-NO-TOKENIZER"
    | "QS-GGUF-NO-TEMPLATE"
    | "QS-GGUF-LAYOUT"
    | "QS-GGUF-TRAILING";
  message: string;
  remedy: string;
}

/** Returns warnings about a file with a valid header, most serious first. */
export function findProblems(gguf: Gguf): GgufProblem[] {
  const problems = layoutProblems(gguf);
  const part = describeLaterPart(gguf);
  if (part !== undefined) {
    const remedy = `Use ${part.first}; llama.cpp finds the other parts beside it.`;
    return [{ code: "QS-GGUF-PART", message: part.message, remedy }, ...problems];
  }
  if (metadataString(gguf, "general.name") === undefined && metadataString(gguf, "general.type") !== "imatrix") {
    problems.push({
      code: "QS-GGUF-NO-NAME",
      message: "the file has no `general.name`",
      remedy: "Convert again with a model name, which applications display.",
    });
  }
  return isLanguageModel(gguf) ? [...problems, ...modelProblems(gguf)] : problems;
}

/** Projectors, adapters and importance matrices need neither a tokenizer nor a context length. */
function isLanguageModel(gguf: Gguf): boolean {
  const kind = metadataString(gguf, "general.type") ?? "model";
  return kind === "model" && metadataString(gguf, "general.architecture") !== "clip";
}

/** Whether the data of the tensors follows each other in the order of the table, as llama.cpp requires. */
export function isContiguous({ tensors, dataOffset, alignment }: Gguf): boolean {
  let packed = dataOffset;
  return tensors.every(({ offset, bytes }) => {
    const expected = packed;
    packed += alignUp(bytes, alignment);
    return offset === expected;
  });
}

function layoutProblems(gguf: Gguf): GgufProblem[] {
  // The first of several parts may contain the metadata alone.
  if (gguf.tensors.length === 0 && splitPart(gguf) !== undefined) return [];
  if (gguf.tensors.length === 0) {
    const remedy = "Convert the model with its weights; this file can only serve as a vocabulary.";
    return [{ code: "QS-GGUF-NO-TENSORS", message: "the file contains no tensors", remedy }];
  }
  const problems: GgufProblem[] = [];
  const lastEnd = gguf.tensors.reduce((end, { offset, bytes }) => Math.max(end, offset + bytes), gguf.dataOffset);
  if (!isContiguous(gguf)) {
    problems.push({
      code: "QS-GGUF-LAYOUT",
      message: "the tensor data is not contiguous in the order of the table; llama.cpp rejects such a file",
      remedy: "Write the file again with llama.cpp's own tools.",
    });
  }
  const trailing = gguf.fileBytes - alignUp(lastEnd, gguf.alignment);
  if (trailing > 0) {
    problems.push({
      code: "QS-GGUF-TRAILING",
      message: `${trailing} unused bytes follow the last tensor`,
      remedy: "Find out which program wrote them before you publish the file.",
    });
  }
  return problems;
}

function modelProblems(gguf: Gguf): GgufProblem[] {
  const problems: GgufProblem[] = [];
  const contextKey = `${metadataString(gguf, "general.architecture")}.context_length`;
  if (metadataNumber(gguf, contextKey) === undefined) {
    problems.push({
      code: "QS-GGUF-NO-CONTEXT",
      message: `the file has no key ${quote(contextKey)}`,
      remedy: "Convert again from a checkpoint with `max_position_embeddings` in its config.json.",
    });
  }
  if (metadataString(gguf, "tokenizer.ggml.model") === undefined || !gguf.metadata.has("tokenizer.ggml.tokens")) {
    problems.push({
      code: "QS-GGUF-NO-TOKENIZER",
      message: "the file has no tokenizer (`tokenizer.ggml.model` and `tokenizer.ggml.tokens`)",
      remedy: "Add the tokenizer files to the checkpoint and convert again.",
    });
  }
  if (metadataString(gguf, "tokenizer.chat_template") === undefined) {
    problems.push({
      code: "QS-GGUF-NO-TEMPLATE",
      message: "the file has no chat template; applications fall back to a default one",
      remedy:
        "For a chat model, add chat_template.jinja to the checkpoint and convert again. Ignore this for a base model.",
    });
  }
  return problems;
}
