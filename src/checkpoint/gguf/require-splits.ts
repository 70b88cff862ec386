import { metadataNumber } from "../../gguf/metadata.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import type { SourceHeader } from "./source-header.js";

/**
 * Requires that these headers, in order, are all splits of one model, or a whole file. llama.cpp numbers splits from 0
 * in `split.no`. Pure. Throws QS-FETCH-SPLIT.
 */
export function requireSplits(headers: readonly SourceHeader[]): void {
  for (const [index, header] of headers.entries()) {
    const count = metadataNumber(header, "split.count") ?? 1;
    const number = metadataNumber(header, "split.no") ?? 0;
    if (count === headers.length && number === index) continue;
    const found = count > 1 ? `is split ${number + 1} of ${count}` : "is a whole file";
    const named =
      headers.length > 1
        ? `but is named as split ${index + 1} of ${headers.length}`
        : "but its name has no split number, as in name-00001-of-00002.gguf";
    throw notOneModel(`${quote(header.name)} ${found}, ${named}`);
  }
  const seen = new Set<string>();
  for (const { name, tensors } of headers) {
    for (const tensor of tensors) {
      if (seen.has(tensor.name))
        throw notOneModel(
          `${quote(name)} contains the tensor ${quote(tensor.name)}, which another split also contains`,
        );
      seen.add(tensor.name);
    }
  }
  const [first] = headers;
  const total = first && metadataNumber(first, "split.tensors.count");
  if (headers.length > 1 && total !== undefined && total !== seen.size)
    throw notOneModel(`the splits contain ${seen.size} tensors, but ${quote(first?.name ?? "")} lists ${total}`);
}

function notOneModel(what: string): QuantsmithError {
  return new QuantsmithError("QS-FETCH-SPLIT", what, {
    remedy: "Download all splits of one model again and keep their names: `name-00001-of-00002.gguf`.",
  });
}
