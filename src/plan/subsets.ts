import { dependencies, type Step } from "./plan.js";

/**
 * Returns the reference variants: variants whose steps are read by a step of another variant. They are built with the
 * shared steps, before the other variants are built separately.
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

/** Whether a step is shared by all variants, and runs before any of them. */
export function isShared({ variant, stage }: Step): boolean {
  return variant === undefined && stage !== "package" && stage !== "publish";
}

/** Returns one job per variant that can be built separately after the shared steps, as a GitHub Actions matrix. */
export function jobMatrix(steps: readonly Step[]): { include: { variant: string }[] } {
  const references = referenceVariants(steps);
  // The job of a variant also builds what the variant is compared with.
  const names = new Set(
    steps.flatMap(({ variant, comparatorOf }) => (variant === undefined || comparatorOf ? [] : [variant])),
  );
  return { include: [...names].filter((name) => !references.has(name)).map((variant) => ({ variant })) };
}
