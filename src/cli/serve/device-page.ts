import type { Device } from "../../hardware/catalog/device.js";
import { formatContext, formatSpeed, formatVerdict } from "../../report/format-fit.js";
import { html } from "../../report/html/html.js";
import { runtimes } from "../../report/snippets/runtimes.js";
import { platformOf } from "../../report/snippets/snippet.js";
import { formatBytes } from "../../util/bytes.js";
import type { Warning } from "../../util/warnings.js";
import type { chooseFile } from "../choose-file.js";
import { type Page, problemNote, table } from "./layout.js";

export interface DeviceFacts {
  device: Device;
  task: string;
  choice: Awaited<ReturnType<typeof chooseFile>>;
  /** One sentence each. */
  notes: readonly string[];
  warnings: readonly Warning[];
  /** Address of the picked file; undefined if it is in no single release. */
  address: string | undefined;
}

/** Which file fits a device, as `quantsmith recommend` picks it: reason, run commands and all candidates. */
export function devicePage({ device, task, choice, notes, warnings, address }: DeviceFacts): Page {
  const { pick, reason, candidates, snippet } = choice;
  const platform = platformOf(device);
  const here = snippet === null ? [] : runtimes.filter(({ platforms }) => platforms.includes(platform));
  const picked =
    pick === null
      ? html`<p><strong class="bad">No recommendation:</strong> ${reason}.</p>\n`
      : html`<p><strong>${address === undefined ? pick.file : html`<a href="${address}">${pick.file}</a>`}</strong>: ${reason}.${pick.fit.reason === null ? "" : ` Note: ${pick.fit.reason}.`}</p>\n`;
  const rows = candidates.map(({ model, variant, fit }) => [
    variant.name,
    model,
    formatBytes(variant.bytes),
    formatBytes(fit.residentBytes),
    formatContext(fit.maximumContext[fit.kvType]),
    formatVerdict(fit),
    formatSpeed(fit.decode),
    variant.kldMean === null ? "–" : variant.kldMean.toPrecision(3),
  ]);
  const body = html`<p class="quiet">Task ${task} · ${formatBytes(device.budget.value)} of ${formatBytes(device.memory.bytes.value)} for one model (${device.budget.basis})</p>
${warnings.map(problemNote)}${picked}${notes.map((note) => html`<p>${note}</p>\n`)}${here.map(({ name, docs, snippet: text }) => html`<details><summary>${name}</summary>\n<pre>${snippet === null ? "" : text(snippet)}</pre>\n<p class="answers"><a href="${docs}">Documentation</a></p></details>\n`)}<h2>All files</h2>
${table("All files", ["Variant", "Model", "Size", "Memory", "Context", "Fit", "Tokens/s", "Mean KLD"], rows)}<p class="quiet">Memory: resident memory, including mapped weights. Context: the largest with the same fit, in tokens. Tokens/s: estimated generation speed. KLDs of different models are not comparable.</p>
`;
  return { title: `Which file for ${device.name}`, body };
}
