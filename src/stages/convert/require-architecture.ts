import { isObject } from "../../checkpoint/parse-python-json.js";
import { type UnsupportedComponent, unsupportedArchitecture } from "../../llamacpp/python/convert-failures.js";
import type { Architectures } from "../../llamacpp/toolchain/architectures.js";
import type { JsonObject } from "../../util/canonical-json.js";
import type { SourceLocation } from "../../util/errors.js";

/**
 * Checks that llama.cpp's converter supports a model or its projector, before anything is downloaded or installed for it.
 * Accepts everything if `known` is null. Errors: QS-CONVERT-ARCHITECTURE.
 */
export function requireArchitecture(
  component: UnsupportedComponent,
  config: JsonObject,
  known: Architectures | null,
  at?: SourceLocation,
): void {
  const supported = component === "model" ? known?.models : known?.projectors;
  if (supported === undefined) return;
  // The converter uses one of these, mostly the inner one if present.
  const inner = component === "model" ? config.text_config : config.vision_config;
  const names = [config, inner].flatMap((each) => firstArchitecture(each) ?? []);
  if (names.length === 0 || names.some((name) => supported.has(name))) return;
  throw unsupportedArchitecture(component, names[0] ?? "", at);
}

function firstArchitecture(config: unknown): string | undefined {
  const [first] = isObject(config) && Array.isArray(config.architectures) ? config.architectures : [];
  return typeof first === "string" ? first : undefined;
}
