import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import { readPinFacts } from "./pin-facts.js";

// A process of its own, since a process resolves an installed package only once. Builds the tools of a new pin.
const onProgress = (note: string) => process.stderr.write(`${note}\n`);
process.stdout.write(JSON.stringify(await readPinFacts(await resolveToolchain({ onProgress }))));
