import { hubConnection } from "../hub/connection.js";
import { repoCache } from "../hub/download/cache-layout.js";
import { missingBytes } from "../hub/download/cache-space.js";
import type { ModelFacts } from "./facts.js";

export type HubModelSource = Extract<ModelFacts["source"], { kind: "hub" }>;

/** Describes the source of a model on the Hub; `files` are those to download, which may be in the Hugging Face cache. */
export async function hubModelSource(
  found: Omit<HubModelSource, "kind" | "missingBytes" | "ownCopy">,
  files: Parameters<typeof missingBytes>[1],
  ownDownloads: boolean,
): Promise<HubModelSource> {
  const missing = await missingBytes(repoCache(hubConnection().cacheFolder, found.repo), files);
  return { kind: "hub", ...found, missingBytes: missing, ownCopy: ownDownloads && missing > 0 };
}
