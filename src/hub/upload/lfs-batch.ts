import * as z from "zod";
import { isRedirectTarget } from "../address.js";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject, TemporaryFailure } from "../hub-error.js";
import { callOnce } from "./call-api.js";
import type { LocalFile } from "./local-file.js";

/** How one object is to be sent; undefined parts mean one request with everything. */
export interface UploadPlan {
  /** Where the object goes; for one in parts, where the end is told. */
  address: URL;
  parts?: { address: URL; start: number; end: number }[];
  /** Where the Hub wants to be told that an object has arrived. */
  verify?: URL;
}

const action = z.object({ href: z.string(), header: z.record(z.string(), z.string()).nullish() });
const responseSchema = z.object({
  objects: z.array(
    z.object({
      oid: z.string(),
      actions: z.object({ upload: action.optional(), verify: action.optional() }).optional(),
      error: z.object({ code: z.number(), message: z.string() }).optional(),
    }),
  ),
});

/**
 * Asks large-file storage, once, how to send one object: git-lfs's batch API with the Hub's own `multipart`. Undefined when
 * the object is there already. Errors: QS-HUB-*, wrapped in a TemporaryFailure where another attempt may help.
 */
export async function planUpload(
  connection: HubConnection,
  repo: string,
  file: LocalFile,
  subject: Subject,
  signal: AbortSignal,
): Promise<UploadPlan | undefined> {
  const { json } = await callOnce(
    connection,
    {
      ...{ method: "POST", path: `/${repo}.git/info/lfs/objects/batch`, subject },
      contentType: "application/vnd.git-lfs+json",
      body: {
        ...{ operation: "upload", transfers: ["basic", "multipart"], hash_algo: "sha256" },
        objects: [{ oid: file.sha256, size: file.bytes }],
      },
    },
    signal,
  );
  const read = responseSchema.safeParse(json);
  const object = read.data?.objects.find(({ oid }) => oid === file.sha256);
  if (object === undefined)
    throw new TemporaryFailure(invalidResponse(subject, "no word about the file that was asked for"));
  if (object.error !== undefined) {
    throw invalidResponse(subject, `the storage refuses the file (${object.error.code}): ${object.error.message}`);
  }
  if (object.actions?.upload === undefined) return undefined;
  const { upload, verify } = object.actions;
  const safe = (text: string) => safeAddress(text, connection, subject);
  const parts = partsOf(upload.header ?? {}, file.bytes, safe, subject);
  return {
    address: safe(upload.href),
    ...(parts === undefined ? {} : { parts }),
    ...(verify === undefined ? {} : { verify: safe(verify.href) }),
  };
}

/** The parts of an upload: their length under `chunk_size`, their addresses under the numbers from 1. */
function partsOf(header: Record<string, string>, bytes: number, safe: (text: string) => URL, subject: Subject) {
  if (header.chunk_size === undefined) return undefined;
  const length = Number(header.chunk_size);
  const addresses = Object.entries(header)
    .filter(([name]) => /^\d+$/.test(name))
    .sort(([a], [b]) => Number(a) - Number(b));
  const sound = Number.isSafeInteger(length) && length > 0 && addresses.length === Math.ceil(bytes / length);
  if (!sound || addresses.some(([name], index) => Number(name) !== index + 1)) {
    throw invalidResponse(subject, "parts that do not make up the file");
  }
  return addresses.map(([, address], index) => ({
    address: safe(address),
    ...{ start: index * length, end: Math.min(bytes, (index + 1) * length) },
  }));
}

/** An address that content may be sent to: as safe as one that a redirect may lead to. */
function safeAddress(text: string, { endpoint }: HubConnection, subject: Subject): URL {
  if (!URL.canParse(text)) throw invalidResponse(subject, "an address for the upload that is none");
  const url = new URL(text);
  if (isRedirectTarget(url, endpoint)) return url;
  throw invalidResponse(subject, `an upload to ${url.protocol}//${url.host}, which is not safe`);
}
