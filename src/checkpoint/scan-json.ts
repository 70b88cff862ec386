/** How much there is in JSON text, without having parsed it. */
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
 * Counts what a parser would build from JSON text in UTF-8, in one pass and without allocating: a few megabytes of
 * brackets become hundreds of megabytes of objects, so this is asked first. Says nothing about validity; for text that
 * is no JSON the counts are those a parser could at most get to.
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

const quoteMark = 0x22;
const backslash = 0x5c;

/** Position of the quotation mark that ends the string beginning at `start`, or of the text's end. */
function endOfString(text: Uint8Array, start: number): number {
  let position = start + 1;
  while (position < text.length && text[position] !== quoteMark) position += text[position] === backslash ? 2 : 1;
  return position;
}

/** The first limit that the text breaks, in words such as `it nests 12 deep, more than 3`; undefined when it keeps all. */
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
