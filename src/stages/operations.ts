import { allocateVariant } from "./allocate/allocate-variant.js";
import { measureErrors } from "./allocate/measure-errors.js";
import { measureProbes } from "./allocate/measure-probes.js";
import { calibrate } from "./calibrate/calibrate.js";
import { sampleText } from "./calibrate/sample-text.js";
import { adoptGguf } from "./convert/adopt-gguf.js";
import { convertMtp } from "./convert/convert-mtp.js";
import { convertNative } from "./convert/convert-native.js";
import { convertProjector } from "./convert/convert-projector.js";
import { convertUpstream } from "./convert/convert-upstream.js";
import { variantMemory } from "./package/variant-memory.js";
import { quantizeByBank } from "./quantize/bank.js";
import { quantizeByTool } from "./quantize/llama-quantize.js";
import { smoke } from "./smoke/smoke.js";
import { smokeBase } from "./smoke/smoke-base.js";
import type { Operation } from "./stage.js";
import { answerTask } from "./tasks/answer-task.js";
import { baseLogits } from "./validate/base-logits.js";
import { checkStructure } from "./validate/check-structure.js";
import { checkTextOverlap } from "./validate/check-text-overlap.js";
import { noiseFloor } from "./validate/noise-floor.js";
import { validateVariant } from "./validate/validate-variant.js";

/** The operations that a worker can run: their id, parameters and inputs define them fully. */
const operations: readonly Operation[] = [
  quantizeByBank,
  quantizeByTool,
  adoptGguf,
  convertUpstream,
  convertNative,
  convertProjector,
  convertMtp,
  calibrate,
  smokeBase,
  smoke,
  variantMemory,
  measureProbes,
  measureErrors,
  allocateVariant,
  baseLogits,
  validateVariant,
  checkStructure,
  noiseFloor,
  answerTask,
  sampleText,
  checkTextOverlap,
];

const byId = new Map(operations.map((operation) => [operation.id, operation]));

/** Returns the operation with this id, undefined if there is none. */
export function findOperation(id: string): Operation | undefined {
  return byId.get(id);
}
