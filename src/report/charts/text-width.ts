/** Estimates the width of a text in pixels. Tuned for type names (capitals and digits), so rather too wide. */
export function textWidth(text: string, fontSize = 13): number {
  return [...text].length * fontSize * 0.61;
}
