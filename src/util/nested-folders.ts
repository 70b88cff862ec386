/** Whether two real paths are of the same folder, or one folder contains the other. */
export function areNested(one: string, other: string): boolean {
  return isInside(one, other) || isInside(other, one);
}

function isInside(inner: string, outer: string): boolean {
  return `${inner}/`.startsWith(outer.endsWith("/") ? outer : `${outer}/`);
}
