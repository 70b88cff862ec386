import { hubConnection } from "../hub/connection.js";
import { repoCache } from "../hub/download/cache-layout.js";
import { missingBytes } from "../hub/download/cache-space.js";

/** Whether the Hugging Face cache lacks any of a repository's files, judged by their sizes. */
export async function lacksFiles(repo: string, files: readonly { bytes: number; digest: string }[]): Promise<boolean> {
  return (await missingBytes(repoCache(hubConnection().cacheFolder, repo), files)) > 0;
}
