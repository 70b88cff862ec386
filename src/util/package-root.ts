/** Folder of package.json, pipelines/ and recipes/: a `file:` URL with a final slash, equal from src/ and dist/. */
export const packageRoot = new URL("../../", import.meta.url);
