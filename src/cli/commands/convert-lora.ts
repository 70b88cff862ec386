import { availableParallelism } from "node:os";
import { basename, resolve } from "node:path";
import { requireFree } from "../../gguf/edit/edit-target.js";
import { prepareConverterPython } from "../../llamacpp/python/python-env.js";
import { resolveToolchain } from "../../llamacpp/toolchain/toolchain.js";
import { type ConvertAdapterOptions, convertAdapter } from "../../stages/convert/convert-adapter.js";
import { formatBytes } from "../../util/bytes.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote, quoteList } from "../../util/quote.js";
import { interruptSignal } from "../interrupt.js";
import { note, print, printJson } from "../print.js";

export interface ConvertLoraCommandOptions {
  base: string;
  out?: string;
  outtype: string;
  json?: boolean;
}

const outtypes = ["f32", "f16", "bf16", "auto"] as const;

/** `quantsmith convert-lora`: converts a PEFT adapter to a GGUF file for `llama-cli --lora`. */
export async function convertLora(adapter: string, options: ConvertLoraCommandOptions): Promise<void> {
  const outtype = typeOf(options.outtype);
  const signal = interruptSignal();
  const outFile = options.out ?? `${basename(resolve(adapter))}-LoRA-${outtype.toUpperCase()}.gguf`;
  await requireFree(outFile);
  const made = await convertAdapter({
    ...{ adapter, base: options.base, outFile, outtype, signal, threads: availableParallelism() },
    toolchain: await resolveToolchain({ signal, onProgress: note }),
    python: await prepareConverterPython({ signal, onProgress: note }),
  });
  if (options.json === true) return printJson(made);
  print(`${made.file}: ${made.tensors} tensors for ${made.architecture}, ${formatBytes(made.bytes)}`);
}

function typeOf(text: string): ConvertAdapterOptions["outtype"] {
  const found = outtypes.find((type) => type === text);
  if (found !== undefined) return found;
  throw new QuantsmithError("QS-USAGE", `invalid value ${quote(text)} of --outtype`, {
    remedy: `Use ${quoteList(outtypes, "or")}.`,
  });
}
