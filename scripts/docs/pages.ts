import { fileURLToPath } from "node:url";
import { checkpointKeys } from "../../src/checkpoint/keys/key-warnings.js";
import { program } from "../../src/cli/program.js";
import { errorCodes } from "../../src/util/error-codes.js";
import { packageRoot } from "../../src/util/package-root.js";
import { warningCodes } from "../../src/util/warning-codes.js";
import { commandsPage } from "./commands-page.js";
import { errorsPage } from "./errors-page.js";
import { keysPage } from "./keys-page.js";
import { recipePage } from "./recipe-page.js";

const inDocs = (name: string) => fileURLToPath(new URL(`docs/${name}`, packageRoot));

/** Every generated page, by name. */
export const pages = [
  { name: "commands.md", file: inDocs("commands.md"), render: () => commandsPage(program) },
  { name: "recipe.md", file: inDocs("recipe.md"), render: recipePage },
  { name: "errors.md", file: inDocs("errors.md"), render: () => errorsPage(errorCodes, warningCodes) },
  {
    name: "internals/checkpoint-keys.md",
    file: inDocs("internals/checkpoint-keys.md"),
    render: () => keysPage(checkpointKeys),
  },
];
