import * as z from "zod";
import type { TimedEvent } from "../../engine/events.js";
import { lockHolder } from "../../engine/lock-holder.js";
import { progress } from "../../remote/worker-events.js";
import { stageNames } from "../../stages/stage.js";

const id = z.string();
const variant = z.string();
const seconds = z.number();
const problem = z.object({ code: z.string(), message: z.string(), remedy: z.string() });
const error = problem.extend({ output: z.string().exactOptional() }).exactOptional();
const step = z.object({
  ...{ id, stage: z.enum(stageNames), variant: variant.exactOptional() },
  expectedSeconds: seconds.exactOptional(),
});

/** The events of a log as `TimedEvent`; codes may be those of another version. */
const loggedEvent = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("run-started"), recipe: z.string(), out: z.string(), steps: z.array(step) }),
    z.object({ type: z.literal("step-started"), id, key: z.string() }),
    z.object({
      ...{ type: z.literal("step-waiting"), id },
      ...{ for: z.enum(["step", "compute"]), holder: lockHolder.exactOptional() },
    }),
    z.object({ type: z.literal("step-note"), id, note: z.string() }),
    z.object({
      ...{ type: z.literal("step-warning"), id },
      warning: problem.extend({ variant: variant.exactOptional() }),
    }),
    z.object({ type: z.literal("step-progress"), id, progress }),
    z.object({ type: z.literal("step-saving"), id }),
    z.object({
      ...{ type: z.literal("step-finished"), id, status: z.enum(["built", "cached", "skipped", "failed"]), seconds },
      ...{ found: z.string().exactOptional(), why: z.string().exactOptional(), error },
    }),
    z.object({ type: z.literal("upload-started"), variant, bytes: z.number() }),
    z.object({ type: z.literal("upload-progress"), variant, progress }),
    z.object({ type: z.literal("upload-finished"), variant, sentBytes: z.number(), seconds, error }),
    z.object({ type: z.literal("hub-waiting"), why: z.string(), seconds }),
    z.object({ type: z.literal("run-finished"), seconds, failed: z.number() }),
  ])
  .and(z.object({ time: z.iso.datetime() }));

/** Parses a line of `events.ndjson`; undefined for anything but an event. */
export function parseLoggedEvent(line: string): TimedEvent | undefined {
  try {
    return loggedEvent.safeParse(JSON.parse(line)).data as TimedEvent | undefined;
  } catch {
    return undefined;
  }
}
