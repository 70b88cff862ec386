import { QuantsmithError, type SourceLocation } from "../../util/errors.js";

/** Matches the files of every kind of vocabulary: tokenizer.json, SentencePiece, vocab.json, vocab.txt, tekken, tiktoken. */
const vocabularyFile = /^tokenizer(?!_config\.json$)|\.model$|vocab|tekken|tiktoken/;

/** Throws QS-CONVERT-TOKENIZER for a checkpoint without a file that contains a vocabulary. Pure. */
export function requireTokenizer(files: readonly string[], at: SourceLocation): void {
  if (files.some((name) => vocabularyFile.test(name))) return;
  throw new QuantsmithError("QS-CONVERT-TOKENIZER", "the model has no tokenizer: no file contains a vocabulary", {
    remedy:
      "Add tokenizer.json or tokenizer.model, and tokenizer_config.json, of its base model. A file with another name needs `model.include`.",
    at,
  });
}
