import type { HeaderReader, TensorHeader } from "../checkpoint/check-snapshot.js";
import type { JsonObject } from "../util/canonical-json.js";
import { QuantsmithError } from "../util/errors.js";
import type { TensorRule } from "./families/family.js";
import { findFamily } from "./families/find-family.js";
import { Fp8Check } from "./fp8-check.js";
import { type Fp8Layout, fp8Layout } from "./fp8-layout.js";
import { isScaleName } from "./fp8-scales.js";
import { matchTensor, requireTensors } from "./match-tensors.js";
import { readModelConfig } from "./model-config.js";
import { NativeUnsupportedError } from "./native-errors.js";
import { languageName } from "./read-checkpoint.js";
import { readRope } from "./rope-parameters.js";

/**
 * Compares the headers of a checkpoint with what config.json describes: the scales of FP8 tensors, and for models that are
 * converted without Python all tensors.
 */
export class HeaderCheck implements HeaderReader {
  #rules: ReadonlyMap<string, TensorRule> = new Map();
  #isMultimodal = false;
  #fp8: Fp8Layout | undefined;
  #scales: Fp8Check | undefined;
  readonly #seen = new Set<string>();
  #error: QuantsmithError | undefined;

  start(config: JsonObject, modelOpt: JsonObject | undefined): void {
    this.#scales = new Fp8Check(config, modelOpt);
    const family = findFamily(config);
    if (family === undefined) return;
    this.#isMultimodal = family.multimodal === true;
    this.#try(() => {
      const h = readModelConfig(family, config);
      family.metadata({ h, rope: readRope(h, family.ropeTypes), fileType: 0 });
      this.#rules = family.tensors(h);
      this.#fp8 = fp8Layout(h.values.quantization_config);
    });
  }

  add(tensors: readonly TensorHeader[]): void {
    this.#scales?.add(tensors);
    if (this.#rules.size === 0) return;
    for (const { name: fullName, shape } of tensors) {
      const name = languageName(fullName, this.#isMultimodal);
      if (name === undefined || (this.#fp8 !== undefined && isScaleName(name, this.#fp8))) continue;
      this.#try(() => {
        if (matchTensor(this.#rules, { name, shape }) !== undefined) this.#seen.add(name);
      });
    }
  }

  /** Returns QS-CONVERT-CONFIG or QS-CONVERT-WEIGHTS, which no converter avoids, after the last file; undefined if there is none. */
  finish(): QuantsmithError | undefined {
    this.#try(() => requireTensors(this.#rules, this.#seen));
    return this.#error instanceof NativeUnsupportedError ? undefined : this.#error;
  }

  /** Returns QS-CONVERT-WEIGHTS if the scales of FP8 tensors are wrong, for every converter. */
  finishScales(): QuantsmithError | undefined {
    return this.#scales?.finish();
  }

  /** Keeps the first error: after an unknown tensor, a missing one may have another name. */
  #try(action: () => void): void {
    if (this.#error !== undefined) return;
    try {
      action();
    } catch (error) {
      if (!(error instanceof QuantsmithError)) throw error;
      this.#error = error;
    }
  }
}
