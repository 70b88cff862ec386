import { ggmlTypes } from "../../quant/ggml-types.js";
import { presets } from "../../quant/presets.js";
import { print, printJson, textTable } from "../print.js";

/** `quantsmith types`: lists presets for variants and tensor types for tensor rules. */
export function types(options: { json?: boolean }): void {
  if (options.json === true) {
    printJson({ presets, tensorTypes: ggmlTypes });
    return;
  }
  print(["Presets of llama-quantize, for `variants`:", ""]);
  const presetRows = presets.map(({ name, bitsPerWeight, needsImatrix, about }) => [
    name,
    bitsPerWeight.toFixed(2),
    needsImatrix ? "required" : "",
    about,
  ]);
  print(textTable(["Preset", "Bits per weight", "Imatrix", "About"], presetRows));
  print(["", "Tensor types of ggml, for `tensors` rules:", ""]);
  const typeRows = ggmlTypes.map(({ name, bitsPerWeight, blockSize, blockBytes }) => [
    name,
    bitsPerWeight.toFixed(4),
    `${blockSize} in ${blockBytes} bytes`,
  ]);
  print(textTable(["Type", "Bits per weight", "Block"], typeRows));
}
