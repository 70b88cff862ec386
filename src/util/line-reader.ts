/** Returns a function that takes a stream in pieces and calls `onLine` for every line that ends with a line feed. */
export function lineReader(onLine: (line: string) => void): (piece: string) => void {
  let started: string[] = [];
  return (piece) => {
    const lines = piece.split("\n");
    const rest = lines.pop() ?? "";
    for (const line of lines) {
      // Joined once, since a line of many pieces would be copied for each of them.
      onLine([...started, line].join(""));
      started = [];
    }
    started.push(rest);
  };
}
