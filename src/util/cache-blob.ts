const blob = /(?:^|[\\/])(?:models|datasets)--[^\\/]+[\\/]blobs[\\/](?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * Whether a real path is that of a file's content in a Hugging Face cache: named by its digest, and shared by all programs of
 * the machine.
 */
export function isCacheBlob(path: string): boolean {
  return blob.test(path);
}
