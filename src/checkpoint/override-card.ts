import type { BaseCard } from "./base-card.js";

/** What a recipe says of the model besides, or against, the checkpoint's card. */
export type CardOverrides = {
  readonly license?: string;
  readonly licenseName?: string;
  readonly licenseLink?: string;
  readonly languages?: readonly string[];
};

/**
 * The card that a release goes by: the base's, where the recipe does not say otherwise. A licence of the recipe's own
 * takes the name and the link of the base's licence with it.
 */
export function overrideCard(base: BaseCard, changes: CardOverrides): BaseCard {
  const { license, licenseName = null, licenseLink = null, languages } = changes;
  return {
    ...base,
    ...(license === undefined
      ? { licenseName: licenseName ?? base.licenseName, licenseLink: licenseLink ?? base.licenseLink }
      : { license, licenseName, licenseLink }),
    ...(languages === undefined ? {} : { languages }),
  };
}
