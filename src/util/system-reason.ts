const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  ENOTDIR: "not a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
};

/** Returns the reason of a system error without the path, which the message has already; for rare codes Node's text. */
export function systemReason(error: NodeJS.ErrnoException): string {
  return reasons[error.code ?? ""] ?? error.message;
}
