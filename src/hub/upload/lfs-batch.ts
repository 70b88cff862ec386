import * as z from "zod";
import { isRedirectTarget } from "../address.js";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject, TemporaryFailure } from "../hub-error.js";
import { callOnce } from "./call-api.js";
import type { LocalFile } from "./local-file.js";

/** The requests that upload one object by LFS. */
export interface LfsUpload {
  /** Address of the object; for a multipart upload, address of the completion request. */
  address: URL;
  /** Absent if one request uploads the whole object. */
  parts?: { address: URL; start: number; end: number }[];
  /** Address of the request after which the Hub verifies the uploaded object. */
  verify?: URL;
}

/** An upload by Xet: the Hub's address of the storage's address and token. */
export interface XetUpload {
  renewal: URL;
}

const action = z.object({ href: z.string(), header: z.record(z.string(), z.string()).nullish() });
const responseSchema = z.object({
  transfer: z.string().nullish(),
  objects: z.array(
    z.object({
      oid: z.string(),
      actions: z.object({ upload: action.optional(), verify: action.optional() }).optional(),
      error: z.object({ code: z.number(), message: z.string() }).optional(),
    }),
  ),
});

/**
 * Requests the upload addresses of one object once, with git-lfs's batch API and the Hub's `multipart` and `xet` extensions.
 * Returns undefined for a stored object. Errors: QS-HUB-*, wrapped in a TemporaryFailure if a retry may succeed.
 */
export async function planUpload(
  connection: HubConnection,
  repo: string,
  file: LocalFile,
  subject: Subject,
  signal: AbortSignal,
): Promise<LfsUpload | XetUpload | undefined> {
  const { json } = await callOnce(
    connection,
    {
      ...{ method: "POST", path: `/${repo}.git/info/lfs/objects/batch`, subject },
      contentType: "application/vnd.git-lfs+json",
      body: {
        ...{ operation: "upload", transfers: ["basic", "multipart", "xet"], hash_algo: "sha256" },
        objects: [{ oid: file.sha256, size: file.bytes }],
      },
    },
    signal,
  );
  const read = responseSchema.safeParse(json);
  const object = read.data?.objects.find(({ oid }) => oid === file.sha256);
  if (object === undefined)
    throw new TemporaryFailure(invalidResponse(subject, "the response does not contain the requested file"));
  if (object.error !== undefined) {
    const { code, message } = object.error;
    throw invalidResponse(subject, `the storage rejects the file (${code}): ${connection.quote(message)}`);
  }
  if (object.actions?.upload === undefined) return undefined;
  const { upload, verify } = object.actions;
  const safe = (text: string) => safeAddress(text, connection, subject);
  if (read.data?.transfer === "xet") return { renewal: safe(upload.href) };
  const parts = partsOf(upload.header ?? {}, file.bytes, safe, subject);
  return {
    address: safe(upload.href),
    ...(parts === undefined ? {} : { parts }),
    ...(verify === undefined ? {} : { verify: safe(verify.href) }),
  };
}

/** Returns the parts of an upload: `chunk_size` is their length, and keys from 1 are their addresses. */
function partsOf(header: Record<string, string>, bytes: number, safe: (text: string) => URL, subject: Subject) {
  if (header.chunk_size === undefined) return undefined;
  const length = Number(header.chunk_size);
  const addresses = Object.entries(header)
    .filter(([name]) => /^\d+$/.test(name))
    .sort(([a], [b]) => Number(a) - Number(b));
  const isValid = Number.isSafeInteger(length) && length > 0 && addresses.length === Math.ceil(bytes / length);
  if (!isValid || addresses.some(([name], index) => Number(name) !== index + 1)) {
    throw invalidResponse(subject, "the upload parts do not cover the file");
  }
  return addresses.map(([, address], index) => ({
    address: safe(address),
    ...{ start: index * length, end: Math.min(bytes, (index + 1) * length) },
  }));
}

/** Parses an upload address; the rules are those of redirects. */
function safeAddress(text: string, { endpoint, quote }: HubConnection, subject: Subject): URL {
  if (!URL.canParse(text)) throw invalidResponse(subject, "the response contains an invalid upload address");
  const url = new URL(text);
  if (isRedirectTarget(url, endpoint)) return url;
  throw invalidResponse(subject, `the upload address ${quote(`${url.protocol}//${url.host}`)} is not safe`);
}
