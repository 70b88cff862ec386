import { listJobHardware } from "@huggingface/hub";
import * as z from "zod";
import type { HubConnection } from "../../../hub/connection.js";
import { parseBytes } from "../../../util/bytes.js";
import { QuantsmithError } from "../../../util/errors.js";
import { quote, quoteList } from "../../../util/quote.js";
import { nearest } from "../../../util/suggest.js";
import { jobsAccess, unreadable } from "./jobs-fetch.js";

/** A machine that jobs can run on, and its price. */
export interface JobFlavor {
  name: string;
  /** What a started minute costs: the Hub bills by the minute. */
  usdPerMinute: number;
  /** Undefined where the Hub's text is not understood. */
  memoryBytes: number | undefined;
  cpus: number | undefined;
}

const hardware = z.array(
  z.object({
    name: z.string(),
    cpu: z.string().nullish(),
    ram: z.string().nullish(),
    unitCostMicroUSD: z.number(),
    unitCostUSD: z.number(),
    unitLabel: z.string(),
  }),
);

const unitsPerMinute: Readonly<Record<string, number>> = { second: 60, minute: 1, hour: 1 / 60 };

/**
 * Looks a flavor up in the Hub's list of hardware.
 * Errors: QS-JOBS-FLAVOR when it is not in it; QS-JOBS-PRICE when its price cannot be relied on; QS-HUB-*.
 */
export async function readFlavor(connection: HubConnection, name: string, signal: AbortSignal): Promise<JobFlavor> {
  const subject = { doing: "reading the prices of jobs", repo: "jobs" };
  const answer: unknown = await listJobHardware(jobsAccess(connection, subject, signal)).catch((error: unknown) =>
    unreadable(error, subject),
  );
  const { data } = hardware.safeParse(answer);
  if (data === undefined) throw noPrice(name, "the Hub's list of hardware has another form than expected");
  const found = data.find((one) => one.name === name);
  if (found === undefined) throw unknownFlavor(name, data);
  const { unitCostMicroUSD, unitCostUSD, unitLabel, cpu, ram } = found;
  const units = unitsPerMinute[unitLabel];
  if (units === undefined) throw noPrice(name, `its price is for a ${quote(unitLabel)}, which could be anything`);
  const usd = unitCostMicroUSD / 1e6;
  // The Hub says it twice; the dollars may be rounded.
  if (!(usd > 0) || Math.abs(usd - unitCostUSD) > Math.max(0.01 * usd, 1e-6)) {
    throw noPrice(name, `the Hub lists ${unitCostMicroUSD} millionths of a dollar and ${unitCostUSD} dollars for it`);
  }
  return {
    name,
    usdPerMinute: usd * units,
    memoryBytes: parseBytes(ram ?? ""),
    cpus: Number(/^(\d+) vCPU/.exec(cpu ?? "")?.[1] ?? Number.NaN) || undefined,
  };
}

function noPrice(name: string, why: string): QuantsmithError {
  return new QuantsmithError("QS-JOBS-PRICE", `the price of ${quote(name)} is not known: ${why}`, {
    remedy: "Nothing was started. Run again later, or choose another `executors.hfJobs.flavor`.",
  });
}

function unknownFlavor(name: string, known: { name: string }[]): QuantsmithError {
  const names = known.map((one) => one.name);
  const near = nearest(name, names);
  const meant = near === undefined ? "" : ` Did you mean ${quote(near)}?`;
  return new QuantsmithError("QS-JOBS-FLAVOR", `the Hub has no hardware ${quote(name)} for jobs`, {
    remedy: `Set \`executors.hfJobs.flavor\` to one of ${quoteList(names, "or")}.${meant}`,
  });
}
