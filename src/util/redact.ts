/** Hides tokens and the query of any URL (it may be a presigned one) in text that is shown, logged or recorded. */
export function redact(text: string): string {
  return text
    .replace(/\bhf_[A-Za-z0-9]{4,}/g, "hf_[redacted]")
    .replace(/(\bBearer\s+)[^\s"']+/gi, "$1[redacted]")
    .replace(/(https?:\/\/)[^\s/@"']+@/gi, "$1[redacted]@")
    .replace(/(https?:\/\/[^\s"'?]+)\?[^\s"']+/gi, "$1?[redacted]");
}
