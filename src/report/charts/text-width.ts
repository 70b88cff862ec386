/** About how wide a text is in pixels. Type names are capitals and digits, wider than prose; too wide is the safe side. */
export function textWidth(text: string, fontSize = 13): number {
  return [...text].length * fontSize * 0.61;
}
