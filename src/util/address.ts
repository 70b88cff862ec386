/** True for an address, `https://…` or `//user@host/…`, which would be a strange path; its scheme has two letters or more. */
export function isAddress(text: string): boolean {
  return /^\s*(?:(?!hf:)[a-z][a-z0-9+.-]+:\/|\/\/[^/]*@)/i.test(text);
}

/** True for a path with `~` or a variable, which only a shell replaces: it would be a folder with that name. */
export function isShellPath(text: string): boolean {
  return /^~|\$\{?[A-Za-z_]/.test(text);
}
