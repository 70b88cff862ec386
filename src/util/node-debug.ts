/** Whether Node prints the headers of requests, and tokens with them, with this value of `NODE_DEBUG`. */
export function printsHeaders(sections = ""): boolean {
  return /\*|\b(?:https?|net)\b/i.test(sections);
}
