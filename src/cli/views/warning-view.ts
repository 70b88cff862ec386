import type { EventListener } from "../../engine/events.js";
import { distinctWarnings, formatWarning, type Warning } from "../../util/warnings.js";

export interface WarningView {
  listener: EventListener;
  /** Adds warnings that are known before the run. */
  add(warnings: readonly Warning[]): void;
  /** Writes the warnings held back so far, and from now on each at once. */
  release(): void;
  /** All warnings, each once. */
  warnings(): Warning[];
}

/** Writes each warning of a run once. With `hold`, writes none before `release`, since a live list covers them. */
export function warningView(write: (lines: string[]) => void, hold: boolean): WarningView {
  let found: Warning[] = [];
  let written = 0;
  let isHeld = hold;
  const flush = () => {
    if (isHeld) return;
    for (const warning of found.slice(written)) write(formatWarning(warning));
    written = found.length;
  };
  const add = (warnings: readonly Warning[]) => {
    found = distinctWarnings([...found, ...warnings]);
    flush();
  };
  return {
    add,
    listener: (event) => {
      if (event.type === "step-warning") add([event.warning]);
    },
    release: () => {
      isHeld = false;
      flush();
    },
    warnings: () => found,
  };
}
