import { isObject } from "../../checkpoint/parse-python-json.js";
import { type UnsupportedComponent, unsupportedArchitecture } from "../../llamacpp/python/convert-failures.js";
import type { Architectures } from "../../llamacpp/toolchain/architectures.js";
import type { JsonObject } from "../../util/canonical-json.js";
import type { SourceLocation } from "../../util/errors.js";

/**
 * Refuses a model, or the projector of one, that llama.cpp's converter has no code for, before anything is downloaded or
 * installed for it. Passes where `known` is null. Errors: QS-CONVERT-ARCHITECTURE.
 */
export function requireArchitecture(
  component: UnsupportedComponent,
  config: JsonObject,
  known: Architectures | null,
  at?: SourceLocation,
): void {
  const supported = component === "model" ? known?.models : known?.projectors;
  if (supported === undefined) return;
  // The converter looks at one of these, mostly the inner one where there is one.
  const inner = component === "model" ? config.text_config : config.vision_config;
  const names = [config, inner].flatMap((each) => firstArchitecture(each) ?? []);
  if (names.length === 0 || names.some((name) => supported.has(name))) return;
  throw unsupportedArchitecture(component, names[0] ?? "", at);
}

function firstArchitecture(config: unknown): string | undefined {
  const [first] = isObject(config) && Array.isArray(config.architectures) ? config.architectures : [];
  return typeof first === "string" ? first : undefined;
}
