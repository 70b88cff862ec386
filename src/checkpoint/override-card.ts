import type { BaseCard } from "./base-card.js";
import { publicCard } from "./private-metadata.js";

/** A recipe's overrides of the checkpoint's card. */
export type CardOverrides = {
  readonly license?: string;
  readonly licenseName?: string;
  readonly licenseLink?: string;
  readonly languages?: readonly string[];
};

/**
 * Returns the card that a release repeats: the base's without private values, with the recipe's overrides. A licence in the
 * recipe also replaces the name and link of the base's licence.
 */
export function overrideCard(baseCard: BaseCard, changes: CardOverrides): BaseCard {
  const { license, licenseName = null, licenseLink = null, languages } = changes;
  const base = publicCard(baseCard);
  return {
    ...base,
    ...(license === undefined
      ? { licenseName: licenseName ?? base.licenseName, licenseLink: licenseLink ?? base.licenseLink }
      : { license, licenseName, licenseLink }),
    ...(languages === undefined ? {} : { languages }),
  };
}
