const makers = /\b(nvidia|geforce|apple|amd|radeon|intel|qualcomm|google|samsung|gpu|chip|graphics|processor)\b/g;

/** Compares chip names without maker, memory size and spelling: "NVIDIA GeForce RTX 3060 12GB" is "RTX 3060". */
export function sameChip(one: string, other: string): boolean {
  return key(one) === key(other);
}

function key(name: string): string {
  return name
    .toLowerCase()
    .replace(/\(.*?\)/g, "")
    .replace(makers, "")
    .replace(/\b\d+ ?gb\b/g, "")
    .replace(/[^a-z0-9+]/g, "");
}
