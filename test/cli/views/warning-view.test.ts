import { expect, test } from "vitest";
import { warningView } from "../../../src/cli/views/warning-view.js";
import { EventBus } from "../../../src/engine/events.js";
import type { Warning } from "../../../src/util/warnings.js";

const first: Warning = { code: "QW-QUANTIZE-RULE", message: "one", remedy: "r" };
const second: Warning = { ...first, message: "two" };

function viewOf(hold: boolean) {
  const lines: string[] = [];
  const view = warningView((text) => lines.push(text[0] ?? ""), hold);
  const events = new EventBus();
  events.subscribe(view.listener);
  return { lines, view, warn: (warning: Warning) => events.emit({ type: "step-warning", id: "convert", warning }) };
}

test("writes each warning once, at once", () => {
  const { lines, view, warn } = viewOf(false);
  view.add([first]);
  warn(first);
  warn(second);
  warn(second);
  expect(lines).toEqual(["warning: QW-QUANTIZE-RULE: one", "warning: QW-QUANTIZE-RULE: two"]);
  expect(view.warnings()).toEqual([first, second]);
});

test("holds warnings until the live list has ended", () => {
  const { lines, view, warn } = viewOf(true);
  view.add([first]);
  warn(second);
  expect(lines).toEqual([]);
  view.release();
  view.release();
  expect(lines).toHaveLength(2);
});
