/**
 * Names that file managers, archivers and network drives leave in folders: AppleDouble (`._name`), `.DS_Store`, thumbnails,
 * folder settings, and the folders of macOS archives, trash and indexes.
 */
const leftover =
  /^(?:\._.*|\.DS_Store|\.localized|\.AppleDouble|\.Spotlight-V100|\.TemporaryItems|\.Trashes|\.fseventsd|__MACOSX|Icon\r|Thumbs\.db|ehthumbs\.db|desktop\.ini|\.directory|@eaDir)$/i;

/** Whether a file name or a path below a folder, with `/`, is one that the system left behind; no command reads these. */
export function isSystemLeftover(path: string): boolean {
  return path.split("/").some((name) => leftover.test(name));
}
