import { collectVariant, verdictInputs } from "../stages/package/collect-variant.js";
import { variantInput } from "../stages/package/package-params.js";
import type { PassedVariant, Runtime } from "./runtime.js";
import { inputDigests, inputPath } from "./step-inputs.js";

/**
 * Returns the variants whose verdict became final since the last call and is a pass. The package step judges them with
 * the same function and inputs. `checked` stores variants already checked, passed or not. A variant that will be split
 * is left out, since its parts do not exist yet.
 */
export async function findPassedVariants(
  { plan, records, store, steps }: Runtime,
  hasEnded: (step: string) => boolean,
  checked: Set<string>,
): Promise<PassedVariant[]> {
  const { params, inputs } = plan.report;
  const due = params.variants.filter(({ name }) => {
    const read = verdictInputs(name, params.tasks).flatMap((input) => inputs[input] ?? []);
    return !checked.has(name) && read.every((input) => input.kind !== "step" || hasEnded(input.step));
  });
  for (const { name } of due) checked.add(name);
  const digests = inputDigests(inputs, records);
  const input = (name: string) => inputPath(inputs, name, records, store);
  const passed: PassedVariant[] = [];
  for (const variant of due) {
    const collected = await collectVariant(variant, params, { input, steps, digest: (name) => digests[name] });
    const path = input(variantInput("model", variant.name));
    if (collected?.report.gate !== "passed" || path === undefined) continue;
    if (collected.report.bytes <= params.maxFileBytes) passed.push({ report: collected.report, path });
  }
  return passed;
}
