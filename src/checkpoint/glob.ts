/**
 * True when a path matches a glob: `*` and `?` within one part of the path, `**` across parts. A glob without `/`
 * stands for the name alone, in whatever folder.
 */
export function matchesGlob(path: string, glob: string): boolean {
  const subject = glob.includes("/") ? path : path.slice(path.lastIndexOf("/") + 1);
  return toRegExp(glob).test(subject);
}

function toRegExp(glob: string): RegExp {
  // Runs of stars say no more than one or two, and would make matching slow.
  const pattern = glob.replace(/\*{3,}/g, "**").replace(/\*\*\/|\*\*|[*?]|[\\^$.|+()[\]{}]/g, (part) => {
    if (part === "**/") return "(?:[^/]+/)*";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : `\\${part}`;
  });
  return new RegExp(`^${pattern}$`, "u");
}
