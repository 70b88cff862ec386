import { once } from "node:events";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { interruptSignal } from "../interrupt.js";
import { note, print } from "../print.js";
import { startServer } from "../serve/server.js";
import { Site } from "../serve/site.js";

/** `quantsmith serve`: shows the runs and releases of an output folder in a browser. Errors: QS-USAGE, QS-SERVE-PORT. */
export async function serve(options: { out: string; port: string }): Promise<void> {
  const out = resolve(options.out);
  const port = parsePort(options.port);
  await requireFolder(out);
  const signal = interruptSignal();
  const { server, address } = await startServer(new Site(out, signal), port);
  print(address);
  note("Only this machine can open the address, and only with its token. Press Ctrl-C to end.");
  if (!signal.aborted) await once(signal, "abort");
  server.close();
  server.closeAllConnections();
}

/** Rejects what is not a folder; one that does not exist yet is empty. */
async function requireFolder(out: string): Promise<void> {
  const found = await stat(out).catch(() => undefined);
  if (found === undefined || found.isDirectory()) return;
  throw new QuantsmithError("QS-USAGE", `${out} is not a folder`, {
    remedy: "Set the output folder of the runs with `--out`.",
  });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new QuantsmithError("QS-USAGE", `invalid value ${quote(text)} of --port`, {
    remedy: "Give a number from 1 to 65535, or omit the option to use any free port.",
  });
}
