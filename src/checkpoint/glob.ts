/**
 * Returns true when a path matches a glob: `*` and `?` match within a path segment, `**` across segments. A glob without
 * `/` matches the file name in any folder.
 */
export function matchesGlob(path: string, glob: string): boolean {
  const subject = glob.includes("/") ? path : path.slice(path.lastIndexOf("/") + 1);
  return toRegExp(glob).test(subject);
}

function toRegExp(glob: string): RegExp {
  // Longer runs of stars mean the same as two, and would make matching slow.
  const pattern = glob.replace(/\*{3,}/g, "**").replace(/\*\*\/|\*\*|[*?]|[\\^$.|+()[\]{}]/g, (part) => {
    if (part === "**/") return "(?:[^/]+/)*";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : `\\${part}`;
  });
  return new RegExp(`^${pattern}$`, "u");
}
