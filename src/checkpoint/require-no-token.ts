import type { Gguf, GgufValue } from "../gguf/gguf.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { findToken } from "../util/redact.js";
import { isVocabularyText } from "./vocabulary-texts.js";

/** The header of a private key alone, which may be a token of a vocabulary of code, is shorter. */
const minKeyLength = 64;

/**
 * Throws QS-CONVERT-TOKEN for a vocabulary's text or a chat template with an access token or a private key: every variant
 * would contain it, and another text would change the model's answers. `isChecked` selects other keys. Pure.
 */
export function requireNoToken(
  source: string,
  metadata: Gguf["metadata"],
  isChecked: (key: string) => boolean = isVocabularyText,
): void {
  for (const [key, entry] of metadata) {
    const place = isChecked(key) ? placeOfToken(entry) : undefined;
    if (place === undefined) continue;
    throw new QuantsmithError(
      "QS-CONVERT-TOKEN",
      `${source} contains an access token or a private key in ${place} of ${quote(key)}, which every variant would contain`,
      {
        remedy:
          entry.type === "array"
            ? "Revoke it if others could read it, and use a model without it in its vocabulary."
            : "Revoke it if others could read it, and remove it in a copy of the model: from the file of the chat template, or with `quantsmith edit-metadata --chat-template` from a GGUF file.",
      },
    );
  }
}

function placeOfToken(entry: GgufValue): string | undefined {
  if (entry.type === "array") {
    const index = entry.items.findIndex((item) => typeof item === "string" && isSecretToken(item));
    return index === -1 ? undefined : `item ${index}`;
  }
  const text = String(entry.value);
  const token = findToken(text);
  return token === -1 ? undefined : `line ${text.slice(0, token).split("\n").length}`;
}

const isSecretToken = (text: string) =>
  findToken(text) !== -1 && (text.length >= minKeyLength || !text.includes("PRIVATE KEY-----"));
