/** Address of a repository, or of a file in it, on the Hub. */
export function hubUrl(repo: string, rest = ""): string {
  return `https://huggingface.co/${repo}${rest}`;
}
