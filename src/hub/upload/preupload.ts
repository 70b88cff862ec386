import * as z from "zod";
import { openRegular } from "../../util/regular-file.js";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject } from "../hub-error.js";
import { callApi } from "./call-api.js";
import type { LocalFile } from "./local-file.js";

/** Length of the sample that the Hub uses to distinguish text from binary content. */
const sampleBytes = 512;
const maxFilesPerRequest = 100;

const responseSchema = z.object({
  files: z.array(z.object({ path: z.string(), uploadMode: z.enum(["lfs", "regular"]) })),
});

/** Returns the paths that the Hub requires in large-file storage; the commit contains the others. Errors: QS-HUB-*. */
export async function findLargeFiles(
  connection: HubConnection,
  { repo, revision }: { repo: string; revision: string },
  files: readonly LocalFile[],
  signal: AbortSignal,
): Promise<Set<string>> {
  const subject: Subject = { doing: `preparing the upload to ${repo}`, repo, writes: true };
  const path = `/api/models/${repo}/preupload/${encodeURIComponent(revision)}`;
  const large = new Set<string>();
  for (let from = 0; from < files.length; from += maxFilesPerRequest) {
    const some = files.slice(from, from + maxFilesPerRequest);
    const body = { files: await Promise.all(some.map(describe)) };
    const { json } = await callApi(connection, { method: "POST", path, body, subject }, signal);
    const modes = new Map(responseSchema.safeParse(json).data?.files.map((file) => [file.path, file.uploadMode]));
    for (const { path: name } of some) {
      const mode = modes.get(name);
      if (mode === undefined) throw invalidResponse(subject, `the response does not contain ${name}`);
      if (mode === "lfs") large.add(name);
    }
  }
  return large;
}

async function describe({ path, source, bytes }: LocalFile): Promise<{ path: string; size: number; sample: string }> {
  const file = await openRegular(source);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(sampleBytes), 0, sampleBytes, 0);
    return { path, size: bytes, sample: buffer.subarray(0, bytesRead).toString("base64") };
  } finally {
    await file.close();
  }
}
