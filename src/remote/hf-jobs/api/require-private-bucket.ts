import * as z from "zod";
import { apiFetch } from "../../../hub/api-fetch.js";
import type { HubConnection } from "../../../hub/connection.js";
import { rethrowLibraryError } from "../../../hub/hub-error.js";
import { QuantsmithError } from "../../../util/errors.js";

const bucketInfo = z.object({ private: z.boolean() });

/**
 * Requires that the bucket of the output folder, `<namespace>/<name>`, is private: it gets the run's texts, weights and
 * paths, and buckets are public unless created as private. Errors: QS-JOBS-BUCKET; QS-HUB-UNAUTHORIZED without a token; other
 * QS-HUB-*, also for an unknown bucket.
 */
export async function requirePrivateBucket(
  connection: HubConnection,
  bucket: string,
  signal: AbortSignal,
): Promise<void> {
  if (!connection.hasToken) {
    throw new QuantsmithError("QS-HUB-UNAUTHORIZED", "jobs on the Hub need a token, but none is set", {
      remedy: "Set `HF_TOKEN` to a token that may start and manage jobs, or log in with `hf auth login`.",
    });
  }
  const subject = { doing: `looking up the bucket ${bucket}`, repo: `buckets/${bucket}` };
  const read = apiFetch(connection, subject, signal);
  const response = await read(`${connection.endpoint}/api/buckets/${bucket}`);
  const answer: unknown = await response.json().catch((error: unknown) => rethrowLibraryError(error, subject));
  const isPrivate = bucketInfo.safeParse(answer).data?.private;
  if (isPrivate === true) return;
  const problem =
    isPrivate === false
      ? "is public, so everyone could read the run's texts, weights and paths"
      : "may be public: the Hub does not say whether it is private";
  throw new QuantsmithError("QS-JOBS-BUCKET", `\`executors.hfJobs.bucket\`: the bucket ${bucket} ${problem}`, {
    remedy: `Run \`hf buckets settings ${bucket} --private\`, or name a bucket that \`hf buckets create … --private\` created.`,
  });
}
