/** Last step of `npm run build`: checks the device catalog and writes it to dist/ as JSON, which loads faster. */
import { writeFileSync } from "node:fs";
import { compiledCatalog, readBuiltInFiles } from "../dist/recipe/catalog/built-in-catalog.js";

writeFileSync(compiledCatalog, JSON.stringify(await readBuiltInFiles()));
