import type { CardLayout } from "../card-layout.js";
import type { FrontMatterFacts } from "../front-matter.js";
import type { RunSectionFacts } from "../run-section.js";

/** What the model card shows. */
export interface CardFacts extends FrontMatterFacts, RunSectionFacts {
  /** Checkpoint files that can run code, used because the recipe sets `allowUnsafe`. */
  unsafe: readonly string[];
  evaluation: { corpus: string; chunks: number; context: number } | null;
  /** Paths of the charts in the release. */
  assets: ReadonlySet<string>;
  layout: CardLayout;
}
