import type { Settings } from "../recipe/settings.js";

/** Says what publishing a private release with a signature makes public; empty for others. */
export function signNotes({ publish }: Settings): string[] {
  const target = publish?.target;
  if (target?.kind !== "hub" || target.private !== true || target.sign !== true) return [];
  return [
    "publishing signs this private release: Sigstore's public log will show the signer's identity permanently, such as an e-mail address, or the repository, workflow and branch of a CI job",
  ];
}
