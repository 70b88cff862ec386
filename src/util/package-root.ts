/** The folder of package.json, pipelines/ and recipes/, as a `file:` URL ending in a slash; the same from src/ and dist/. */
export const packageRoot = new URL("../../", import.meta.url);
