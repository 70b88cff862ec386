import type { QueueStatus } from "../../queue/queue-status.js";
import { formatMegabytes } from "../../release/figures.js";
import { type Html, html } from "../../report/html/html.js";
import { taskNames } from "../../report/recommendation-tasks.js";
import type { ErrorReport } from "../../util/error-report.js";
import { queueRows, queueTitles } from "../views/queue-table.js";
import { link, type Page, problemNote, table } from "./layout.js";
import type { ReleaseEntry } from "./releases.js";
import type { RunLog } from "./run-log.js";
import { describeState, formatTime } from "./run-page.js";

export interface StartFacts {
  /** The output folder. */
  out: string;
  releases: readonly ReleaseEntry[];
  /** The newest runs, or why one cannot be read. */
  runs: readonly (RunLog | { name: string; problem: ErrorReport })[];
  /** Number of older runs that `runs` lacks. */
  olderRuns: number;
  queue: QueueStatus | ErrorReport | undefined;
  /** Ids and names. */
  devices: readonly { id: string; name: string }[];
}

/**
 * The start page: releases, runs and the queue of an output folder, and the forms to pick and to compare. The parts with
 * `data-live` change while a run or the queue goes on.
 */
export function startPage(facts: StartFacts): Page {
  const { out, queue } = facts;
  const running = facts.runs.filter((run) => "board" in run && run.state === "running").length;
  const isLive = running > 0 || (queue !== undefined && "isRunning" in queue && queue.isRunning === true);
  const state = running > 0 ? `${running} running. Open a run to follow it.` : isLive ? "The queue is running." : "";
  const body = html`<p class="quiet">${out}</p>
<h2>Releases</h2>
<div id="releases" data-live>${releaseTable(facts)}</div>
${pickerForm(facts)}${compareForm(facts.releases)}<h2>Runs</h2>
<p id="state" data-live${isLive ? html` data-running` : undefined}>${state}</p>
<div id="runs" data-live>${runTable(facts)}</div>
<div id="queue" data-live>${queue === undefined ? undefined : html`<h2>Queue</h2>\n${queueSection(queue)}`}</div>
`;
  return { title: "Releases and runs", body, isLive };
}

function releaseTable({ releases }: StartFacts): Html {
  if (releases.length === 0) return html`<p>No releases yet.</p>\n`;
  const rows = releases.map(({ name, report, problem }) => {
    const first = html`<a href="${link("", "releases", name)}/">${name}</a>`;
    if (report === undefined) return [first, html`<strong class="bad">damaged</strong>`, "", problem?.message ?? ""];
    const sizes = report.variants.map(({ bytes }) => bytes);
    const size = [...new Set([Math.min(...sizes), Math.max(...sizes)].map(formatMegabytes))].join(" – ");
    return [first, report.model.name, size, report.variants.map((variant) => variant.name).join(", ")];
  });
  return table("Releases", ["Release", "Model", "Sizes", "Variants"], rows);
}

function pickerForm({ releases, devices }: StartFacts): Html | undefined {
  const usable = releases.filter(({ report }) => report !== undefined);
  if (usable.length === 0) return undefined;
  return html`<h2>Which file for my device?</h2>
<form action="device">
<label>Device <input name="device" list="devices" required placeholder="iphone-15-pro"></label>
<datalist id="devices">${devices.map(({ id, name }) => html`<option value="${id}">${name}</option>`)}</datalist>
<label>Task <select name="task">${taskNames.map((name) => html`<option>${name}</option>`)}</select></label>
<label>Release <select name="release"><option value="">all</option>${usable.map(({ name }) => html`<option>${name}</option>`)}</select></label>
<button>Pick a file</button>
</form>
<p class="quiet">Type the name of a device, or describe another one: custom:memory=8GB,budget=5GB,bandwidth=50GB/s,backend=cpu-arm</p>
`;
}

function compareForm(releases: readonly ReleaseEntry[]): Html | undefined {
  const usable = releases.filter(({ report }) => report !== undefined);
  if (usable.length < 2) return undefined;
  const select = (label: string, name: string, chosen: number) =>
    html`<label>${label} <select name="${name}">${usable.map((one, index) => html`<option${index === chosen ? html` selected` : undefined}>${one.name}</option>`)}</select></label>\n`;
  return html`<h2>Compare two releases</h2>
<form action="compare">
${select("Before", "before", 0)}${select("After", "after", 1)}<button>Compare</button>
</form>
`;
}

function runTable({ runs, olderRuns }: StartFacts): Html {
  if (runs.length === 0) return html`<p>No runs yet.</p>\n`;
  const rows = runs.map((run) => {
    const first = html`<a href="${link("", "runs", run.name)}">${formatTime(run.name)}</a>`;
    if ("problem" in run) return [first, "", html`<span class="bad">${run.problem.message}</span>`];
    return [first, run.started?.recipe ?? "", describeState(run)];
  });
  const older = olderRuns === 0 ? undefined : html`<p class="quiet">${olderRuns} older runs are not listed.</p>\n`;
  return html`${table("Runs", ["Started (UTC)", "Recipe", "State"], rows)}${older}`;
}

function queueSection(queue: QueueStatus | ErrorReport): Html {
  if ("code" in queue) return problemNote(queue);
  return table("Models of the queue", queueTitles, queueRows(queue.models, queue.isRunning));
}
