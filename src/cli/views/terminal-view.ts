import { color, DefaultRenderer, figures, Listr, Spinner } from "listr2";
import type { EventListener } from "../../engine/events.js";
import { terminalSize } from "../print.js";
import { Board } from "./board.js";
import type { BoardRow, RowState } from "./board-rows.js";

export interface View {
  listener: EventListener;
  /** Ends the view and leaves its last state on the terminal. */
  done(): Promise<void>;
}

/** Creates the live board on a terminal, driven by events; `done` settles when its last state is drawn. */
export function terminalView(): View {
  const board = new Board();
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let drawn: Promise<unknown> = Promise.resolve();
  return {
    listener: (event) => {
      board.follow(event);
      if (event.type === "run-started") drawn = draw(board, ended);
    },
    done: async () => {
      end();
      await drawn;
    },
  };
}

/** Draws the board with listr2's renderer, which repeats it ten times a second, until the run has ended. */
function draw(board: Board, ended: Promise<void>): Promise<unknown> {
  const spinner = new Spinner();
  let size = "";
  class BoardRenderer extends DefaultRenderer {
    // The caller decides where the board is drawn.
    static override nonTTY = true;

    override create(options: { prompt?: boolean } = {}): string {
      const { rows, columns } = terminalSize();
      // The last state is printed as text, which may scroll. One line is the cursor's.
      const height = options.prompt === false ? undefined : rows - 1;
      spinner.spin();
      const drawn = board.rows(height).map((row) => line(row, spinner.fetch(), columns));
      // A resize wraps the lines on the terminal, so that their number is unknown.
      const before = size;
      size = `${rows}x${columns}`;
      return `${before === "" || before === size ? "" : clearScreen}${drawn.join("\n")}`;
    }
  }
  // quantsmith handles signals itself, with its own exit code.
  const options = { renderer: BoardRenderer, registerSignalListeners: false } as const;
  return new Listr([{ title: "run", task: () => ended }], options).run();
}

/** Returns a row with its mark, cut at the width of the terminal. */
function line({ state, text }: BoardRow, spinning: string, columns: number): string {
  const whole = [...text];
  const room = Math.max(columns - 3, 1);
  const cut = whole.length > room ? `${whole.slice(0, room - 1).join("")}…` : text;
  return state === undefined ? cut : `${marks[state](spinning)} ${cut}`;
}

/** Escapes that erase the screen and move the cursor to its first line. */
const clearScreen = "\u001b[2J\u001b[H";

const marks: Readonly<Record<RowState, (spinning: string) => string>> = {
  waiting: () => " ",
  running: color.yellow,
  done: () => color.green(figures.tick),
  skipped: () => color.yellow(figures.arrowDown),
  failed: () => color.red(figures.cross),
};
