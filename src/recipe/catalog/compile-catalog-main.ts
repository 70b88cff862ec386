#!/usr/bin/env node
import { writeFileSync } from "node:fs";
import { compiledCatalog, readOwnFiles } from "./built-in-catalog.js";

/** The build's last step: leaves the device catalog in a form that every run can read at once. */
writeFileSync(compiledCatalog, JSON.stringify(await readOwnFiles()));
