import type { FileHandle } from "node:fs/promises";
import { extname } from "node:path";
import { pagePolicy } from "../../report/html/page.js";
import { layout, type Page, sitePolicy } from "./layout.js";

/** An open file, and the bytes of it to send. */
export interface FileBody {
  file: FileHandle;
  bytes: number;
}

/** Answer to a request. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string | FileBody;
}

/** A page of this program; `root` is the relative path of the start page. */
export function pageAnswer(page: Page, root: string, status = 200): Answer {
  const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": sitePolicy };
  return { status, headers, body: layout(page, root) };
}

/**
 * A file of a release. A browser runs no script of it but that of `report.html`, without access to the other pages, and
 * saves what it cannot show.
 */
export async function fileAnswer(path: string, file: FileHandle): Promise<Answer> {
  const shown = shownTypes[extname(path).toLowerCase()];
  const { size } = await file.stat();
  const headers = {
    "content-type": shown?.type ?? "application/octet-stream",
    "content-length": String(size),
    "content-security-policy": `${shown?.policy ?? "default-src 'none'"}; frame-ancestors 'none'; sandbox allow-scripts`,
    ...(shown === undefined && { "content-disposition": "attachment" }),
  };
  return { status: 200, headers, body: { file, bytes: size } };
}

/**
 * Reads the announced bytes of a file and closes it. Other bytes would be part of the connection's next answer: those
 * appended meanwhile are not read, and a file that became shorter is an error.
 */
export async function* contentOf({ file, bytes }: FileBody): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of file.createReadStream() as AsyncIterable<Buffer>) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
  if (left > 0) throw new Error(`the file became ${left} bytes shorter`);
}

const text = { type: "text/plain; charset=utf-8", policy: "default-src 'none'" };

/** Types that a browser shows, by the end of the name. Files without an end, such as checksums, are text. */
const shownTypes: Readonly<Record<string, { type: string; policy: string } | undefined>> = {
  ".html": { type: "text/html; charset=utf-8", policy: pagePolicy },
  ".svg": { type: "image/svg+xml", policy: "default-src 'none'; style-src 'unsafe-inline'" },
  ".json": { type: "application/json", policy: "default-src 'none'" },
  ...{ "": text, ".md": text, ".txt": text, ".yaml": text, ".sig": text },
};
