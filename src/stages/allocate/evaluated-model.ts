import type { StageContext } from "../stage.js";

/**
 * Returns the context of measurements, in which `model` is the copy that stands for the base (optional input `evaluated`).
 * Error feedback still rounds the 16-bit base.
 */
export function withEvaluatedModel(context: StageContext): StageContext {
  const evaluated = context.input("evaluated");
  if (evaluated === undefined) return context;
  return { ...context, input: (name) => (name === "model" ? evaluated : context.input(name)) };
}
