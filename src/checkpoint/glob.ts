import picomatch from "picomatch";

/**
 * Returns true when a path matches a glob: `*` and `?` match within a path segment, `**` matches any number of segments;
 * every other character matches itself. A glob without `/` matches the file name in any folder.
 */
export function matchesGlob(path: string, glob: string): boolean {
  const literal = glob.replace(/\*{3,}/g, "**").replace(/[!-~]/g, (character) => {
    return /[\w*?/-]/.test(character) ? character : `\\${character}`;
  });
  return picomatch(literal, { dot: true, basename: !glob.includes("/"), strictSlashes: true })(path);
}
