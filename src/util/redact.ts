/** Removes tokens, and the query of every URL since it may be presigned, from text to show, log or store. */
export function redact(text: string): string {
  return text
    .replace(/\bhf_[A-Za-z0-9]{4,}/g, "hf_[redacted]")
    .replace(/(\bBearer\s+)[^\s"']+/gi, "$1[redacted]")
    .replace(/(https?:\/\/)[^\s/@"']+@/gi, "$1[redacted]@")
    .replace(/(https?:\/\/[^\s"'?]+)\?[^\s"']+/gi, "$1?[redacted]");
}
