/** True for an address, `https://…` or `//user@host/…`, which would be a strange path; its scheme has two letters or more. */
export function isAddress(text: string): boolean {
  return /^\s*(?:(?!hf:)[a-z][a-z0-9+.-]+:\/|\/\/[^/]*@)/i.test(text);
}
