/** Structural counts of a JSON text. */
export interface JsonExtent {
  /** Deepest nesting of objects and arrays. */
  depth: number;
  /** Objects and arrays. */
  containers: number;
  /** Members of objects. */
  colons: number;
  /** Separators in objects and arrays. */
  commas: number;
  strings: number;
}

/**
 * Counts what a parser would build from JSON text in UTF-8, in one pass without allocation. Runs before parsing: a few
 * megabytes of brackets become hundreds of megabytes of objects. Does not validate; for invalid JSON the counts are
 * upper bounds.
 */
export function scanJson(text: Uint8Array): JsonExtent {
  const extent: JsonExtent = { depth: 0, containers: 0, colons: 0, commas: 0, strings: 0 };
  let open = 0;
  for (let position = 0; position < text.length; position++) {
    switch (text[position]) {
      case quoteMark:
        extent.strings += 1;
        position = endOfString(text, position);
        break;
      case 0x5b: // [
      case 0x7b: // {
        extent.containers += 1;
        open += 1;
        if (open > extent.depth) extent.depth = open;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        open -= 1;
        break;
      case 0x3a: // :
        extent.colons += 1;
        break;
      case 0x2c: // ,
        extent.commas += 1;
        break;
    }
  }
  return extent;
}

/** Whether JSON text has a number with a sign, a fraction or an exponent, or a word such as `true`. */
export function hasOtherThanCounts(text: Uint8Array): boolean {
  for (let position = 0; position < text.length; position++) {
    const byte = text[position] ?? 0;
    if (byte === quoteMark) position = endOfString(text, position);
    // Letters, `.`, `+` and `-`.
    else if (byte === 0x2e || byte === 0x2b || byte === 0x2d || (byte >= 0x41 && byte <= 0x7a && !brackets.has(byte)))
      return true;
  }
  return false;
}

const brackets: ReadonlySet<number> = new Set([0x5b, 0x5d]);
const quoteMark = 0x22;
const backslash = 0x5c;

/** Returns the position of the quotation mark that ends the string starting at `start`, or the end of the text. */
function endOfString(text: Uint8Array, start: number): number {
  let position = start + 1;
  while (position < text.length && text[position] !== quoteMark) position += text[position] === backslash ? 2 : 1;
  return position;
}

/** Describes the first exceeded limit, such as `it has 12 levels, more than 3`; undefined within all limits. */
export function exceededLimit(text: Uint8Array, limits: Partial<JsonExtent>): string | undefined {
  const extent = scanJson(text);
  const names = {
    depth: "levels",
    containers: "objects and lists",
    colons: "members",
    commas: "values",
    strings: "strings",
  };
  for (const key of ["depth", "containers", "colons", "commas", "strings"] as const) {
    const limit = limits[key];
    if (limit !== undefined && extent[key] > limit) return `it has ${extent[key]} ${names[key]}, more than ${limit}`;
  }
  return undefined;
}
