/** `npm run docs`: writes the generated pages of docs/. A test fails when one of them differs from the code. */
import { writeFileSync } from "node:fs";
import { pages } from "./pages.js";

for (const page of pages) writeFileSync(page.file, page.render());
