/** Returns the address of a repository on the Hub, or of a page or file in it. */
export function hubUrl(repo: string, rest = ""): string {
  return `https://huggingface.co/${repo}${rest}`;
}
