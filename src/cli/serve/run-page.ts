import { basename } from "node:path";
import { type Html, html } from "../../report/html/html.js";
import type { BoardRow, RowState } from "../views/board-rows.js";
import { formatSeconds } from "../views/describe.js";
import { type Page, problemNote } from "./layout.js";
import type { RunLog, RunState } from "./run-log.js";

const marks: Readonly<Record<RowState, { mark: string; look: string }>> = {
  waiting: { mark: "·", look: "quiet" },
  running: { mark: "▸", look: "" },
  done: { mark: "✓", look: "good" },
  skipped: { mark: "↓", look: "quiet" },
  failed: { mark: "✗", look: "bad" },
};

const looks: Readonly<Record<RunState, string>> = { running: "", succeeded: "good", failed: "bad", stopped: "bad" };

/** A run: the board of the terminal, then errors and warnings. The parts with `data-live` change while it runs. */
export function runPage(run: RunLog): Page {
  const { started, errors, warnings, state } = run;
  const isLive = state === "running";
  const body = html`<p class="quiet">started ${formatTime(run.name)} UTC${started === undefined ? undefined : html` · ${started.recipe}`}</p>
<p id="state" data-live${isLive ? html` data-running` : undefined}>${describeState(run)}</p>
<div class="scroll" role="region" aria-label="Steps" tabindex="0"><pre id="board" data-live>
${run.board.rows().map(rowLine)}</pre></div>
<div id="problems" data-live>${[...errors, ...warnings].map(problemNote)}</div>
`;
  return { title: started === undefined ? "Run" : `Run of ${basename(started.recipe)}`, body, isLive };
}

/** The state of a run, with its duration or what is to do. */
export function describeState({ state, finished, started }: RunLog): Html {
  const more =
    state === "stopped"
      ? ": its process has ended; run the recipe again to continue"
      : finished !== undefined
        ? ` in ${formatSeconds(finished.seconds)}`
        : started === undefined
          ? ", not started yet"
          : "";
  return html`<strong class="${looks[state]}">${state}</strong>${more}`;
}

/** Returns the time in the name of a run's folder: `2026-11-30 22:43:42`. */
export function formatTime(name: string): string {
  return `${name.slice(0, 10)} ${name.slice(11, 19).replaceAll("-", ":")}`;
}

function rowLine({ state, text }: BoardRow): Html {
  if (state === undefined) return html`${text}\n`;
  const { mark, look } = marks[state];
  return html`<span class="${look}" role="img" aria-label="${state}">${mark}</span> ${text}\n`;
}
