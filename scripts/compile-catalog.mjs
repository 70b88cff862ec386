/** Last step of `npm run build`: writes the checked device catalog as JSON beside the compiled code, so that every command loads it fast. */
import { writeFileSync } from "node:fs";
import { compiledCatalog, readBuiltInFiles } from "../dist/recipe/catalog/built-in-catalog.js";

writeFileSync(compiledCatalog, JSON.stringify(await readBuiltInFiles()));
