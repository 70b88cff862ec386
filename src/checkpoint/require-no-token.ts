import type { Gguf } from "../gguf/gguf.js";
import { metadataString } from "../gguf/metadata.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { findToken } from "../util/redact.js";

/**
 * Throws QS-CONVERT-TOKEN for a tokenizer's text, such as a chat template, with an access token or a private key: every
 * variant would contain it, and another template would change the model's answers. Pure.
 */
export function requireNoToken(source: string, metadata: Gguf["metadata"]): void {
  for (const key of metadata.keys()) {
    if (!key.startsWith("tokenizer.")) continue;
    const text = metadataString({ metadata }, key) ?? "";
    const token = findToken(text);
    if (token === -1) continue;
    const line = text.slice(0, token).split("\n").length;
    throw new QuantsmithError(
      "QS-CONVERT-TOKEN",
      `${source} contains an access token or a private key in line ${line} of ${quote(key)}, which every variant would contain`,
      {
        remedy:
          "Revoke it if others could read it, and remove it in a copy of the model: from the file of the chat template, or with `quantsmith edit-metadata --chat-template` from a GGUF file.",
      },
    );
  }
}
