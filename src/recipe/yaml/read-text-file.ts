import { TextDecoder } from "node:util";
import type { ErrorCode } from "../../util/error-codes.js";
import { isSystemError, QuantsmithError } from "../../util/errors.js";
import { findToken } from "../../util/redact.js";
import { openRegular, requireStored } from "../../util/regular-file.js";
import { systemReason } from "../../util/system-reason.js";

/** Far above any recipe, which is a page of text, to protect the parser. */
const maximumBytes = 1024 * 1024;

/**
 * Returns the text of a small UTF-8 file without its byte order mark. A release contains such texts, so neither the
 * environment in /proc nor a token may get into one.
 * Throws `missing` for a missing, non-regular or unreadable file, `QS-RECIPE-YAML` for a file that is larger than 1 MiB
 * or not UTF-8, and `QS-RECIPE-TOKEN` for one with an access token.
 */
export async function readTextFile(path: string, shown: string, missing: ErrorCode): Promise<string> {
  const bytes = await readStart(path, shown, missing);
  if (bytes.length > maximumBytes) {
    throw new QuantsmithError("QS-RECIPE-YAML", `${shown} is larger than 1 MiB`, {
      remedy: "Check the path: a recipe or pipeline is a short YAML text.",
      at: { file: shown },
    });
  }
  const text = decode(bytes, shown);
  const token = findToken(text);
  if (token === -1) return text;
  throw new QuantsmithError(
    "QS-RECIPE-TOKEN",
    `${shown} contains an access token or a private key, which the release would publish`,
    {
      remedy:
        "Remove it from the file, and revoke it if others could read it. The Hub's token belongs into `HF_TOKEN`.",
      at: { file: shown, line: text.slice(0, token).split("\n").length },
    },
  );
}

function decode(bytes: Buffer, shown: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new QuantsmithError("QS-RECIPE-YAML", `${shown} is not UTF-8 text`, {
      remedy: "Save the file as UTF-8 in your editor.",
      at: { file: shown, ...firstInvalid(bytes) },
      cause,
    });
  }
}

/** Returns the start of a file, one byte longer than the limit if the file is. */
async function readStart(path: string, shown: string, missing: ErrorCode): Promise<Buffer> {
  try {
    const file = await openRegular(path);
    try {
      const buffer = Buffer.alloc(maximumBytes + 1);
      let length = 0;
      for (;;) {
        const { bytesRead } = await file.read(buffer, length, buffer.length - length);
        length += bytesRead;
        if (bytesRead > 0 && length < buffer.length) continue;
        await requireStored(file, path, length);
        return buffer.subarray(0, length);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new QuantsmithError(missing, `cannot read ${shown}: ${systemReason(error)}`, {
      remedy: "Give the path of a readable YAML file.",
      at: { file: shown },
      cause: error,
    });
  }
}

/** Returns line and column of the first invalid UTF-8 byte, where the decoded and re-encoded text differs. */
function firstInvalid(bytes: Buffer): { line: number; column: number } {
  const written = Buffer.from(bytes.toString("utf8"));
  let index = 0;
  while (index < bytes.length && bytes[index] === written[index]) index += 1;
  const before = bytes.subarray(0, index).toString("utf8").split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
