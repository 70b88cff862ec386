import type { Gguf } from "./gguf.js";
import { metadataNumber, metadataString } from "./metadata.js";
import { alignUp } from "./place-tensors.js";

/** Something a valid file lacks or does unusually. The codes are permanent. */
export interface GgufProblem {
  code:
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

/** Softer findings about a file whose header is valid, most serious first. */
export function findProblems(gguf: Gguf): GgufProblem[] {
  const problems = layoutProblems(gguf);
  if (metadataString(gguf, "general.name") === undefined && metadataString(gguf, "general.type") !== "imatrix") {
    problems.push({
      code: "QS-GGUF-NO-NAME",
      message: "The file has no general.name.",
      remedy: "Convert again with a model name, so that programs can show it.",
    });
  }
  return isLanguageModel(gguf) ? [...problems, ...modelProblems(gguf)] : problems;
}

/** Projectors, adapters and importance matrices need neither a tokenizer nor a context length. */
function isLanguageModel(gguf: Gguf): boolean {
  const kind = metadataString(gguf, "general.type") ?? "model";
  return kind === "model" && metadataString(gguf, "general.architecture") !== "clip";
}

function layoutProblems(gguf: Gguf): GgufProblem[] {
  if (gguf.tensors.length === 0) {
    const remedy = "Only a vocabulary can be used from it. Convert the model with its weights.";
    return [{ code: "QS-GGUF-NO-TENSORS", message: "The file holds no tensors.", remedy }];
  }
  const problems: GgufProblem[] = [];
  let packed = gguf.dataOffset;
  let lastEnd = packed;
  let inOrder = true;
  for (const { offset, bytes } of gguf.tensors) {
    inOrder &&= offset === packed;
    packed += alignUp(bytes, gguf.alignment);
    lastEnd = Math.max(lastEnd, offset + bytes);
  }
  if (!inOrder) {
    problems.push({
      code: "QS-GGUF-LAYOUT",
      message: "The tensors do not lie one after the other in the order of the table; llama.cpp refuses such a file.",
      remedy: "Write the file again with llama.cpp's own tools.",
    });
  }
  const trailing = gguf.fileBytes - alignUp(lastEnd, gguf.alignment);
  if (trailing > 0) {
    problems.push({
      code: "QS-GGUF-TRAILING",
      message: `${trailing} bytes follow the last tensor and belong to nothing.`,
      remedy: "Find out what wrote them before you publish the file.",
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
      message: `The file has no ${contextKey}.`,
      remedy: "Convert again from a checkpoint whose config.json has max_position_embeddings.",
    });
  }
  if (metadataString(gguf, "tokenizer.ggml.model") === undefined || !gguf.metadata.has("tokenizer.ggml.tokens")) {
    problems.push({
      code: "QS-GGUF-NO-TOKENIZER",
      message: "The file has no tokenizer (tokenizer.ggml.model and tokenizer.ggml.tokens).",
      remedy: "Put the tokenizer files beside the checkpoint and convert again.",
    });
  }
  if (metadataString(gguf, "tokenizer.chat_template") === undefined) {
    problems.push({
      code: "QS-GGUF-NO-TEMPLATE",
      message: "The file has no chat template, so chat programs guess one.",
      remedy:
        "For a chat model put chat_template.jinja beside the checkpoint and convert again; for a base model ignore this.",
    });
  }
  return problems;
}
