import { dependencies, type Step } from "./plan.js";

/**
 * Variants that others are compared with: those whose steps a step of another variant reads. They are built with what
 * all variants share, before the others are built apart from each other.
 */
export function referenceVariants(steps: readonly Step[]): Set<string> {
  const variants = new Map(steps.map(({ id, variant }) => [id, variant]));
  const references = new Set<string>();
  for (const step of steps) {
    if (step.variant === undefined) continue; // the package step reads all of them
    for (const { id } of dependencies(step)) {
      const read = variants.get(id);
      if (read !== undefined && read !== step.variant) references.add(read);
    }
  }
  return references;
}

/** Whether a step is for all variants, and made before any of them. */
export function isShared({ variant, stage }: Step): boolean {
  return variant === undefined && stage !== "package" && stage !== "publish";
}

/** One job a variant that can be built apart from the others once the shared part is there, as GitHub Actions reads it. */
export function jobMatrix(steps: readonly Step[]): { include: { variant: string }[] } {
  const references = referenceVariants(steps);
  const names = new Set(steps.flatMap(({ variant }) => (variant === undefined ? [] : [variant])));
  return { include: [...names].filter((name) => !references.has(name)).map((variant) => ({ variant })) };
}
