import { listJobHardware } from "@huggingface/hub";
import * as z from "zod";
import type { HubConnection } from "../../../hub/connection.js";
import { rethrowLibraryError } from "../../../hub/hub-error.js";
import { parseBytes } from "../../../util/bytes.js";
import { QuantsmithError } from "../../../util/errors.js";
import { quote, quoteList } from "../../../util/quote.js";
import { didYouMean, nearest } from "../../../util/suggest.js";
import { jobsAccess } from "./jobs-fetch.js";

/** A machine that jobs can run on, and its price. */
export interface JobFlavor {
  name: string;
  /** Price of a started minute: the Hub bills by the minute. */
  usdPerMinute: number;
  /** Undefined if the Hub's text cannot be parsed. */
  memoryBytes: number | undefined;
  cpus: number | undefined;
}

const hardware = z.array(
  z.object({
    name: z.string(),
    cpu: z.string().nullish(),
    ram: z.string().nullish(),
    accelerator: z.unknown(),
    unitCostMicroUSD: z.number(),
    unitCostUSD: z.number(),
    unitLabel: z.string(),
  }),
);

/** Less than half of the cheapest machines' prices: below that, the price or its unit is wrong, and a limit has no effect. */
const minUsdPerHour = { core: 0.0015, accelerator: 0.1 };

const unitsPerMinute: Readonly<Record<string, number>> = { second: 60, minute: 1, hour: 1 / 60 };

/**
 * Returns a flavor from the Hub's hardware list.
 * Errors: QS-JOBS-FLAVOR when it is not listed; QS-JOBS-PRICE when its price is unclear; QS-HUB-*.
 */
export async function readFlavor(connection: HubConnection, name: string, signal: AbortSignal): Promise<JobFlavor> {
  const subject = { doing: "reading the prices of jobs", repo: "jobs" };
  const answer: unknown = await listJobHardware(jobsAccess(connection, subject, signal)).catch((error: unknown) =>
    rethrowLibraryError(error, subject),
  );
  const { data } = hardware.safeParse(answer);
  if (data === undefined) throw noPrice(name, "the Hub's hardware list has an unexpected format");
  const [found, another] = data.filter((one) => one.name === name);
  if (found === undefined) throw unknownFlavor(name, data);
  if (another !== undefined) throw noPrice(name, "the Hub lists it more than once");
  const { unitCostMicroUSD, unitCostUSD, unitLabel, cpu, ram, accelerator } = found;
  const units = unitsPerMinute[unitLabel];
  if (units === undefined) throw noPrice(name, `unknown unit ${quote(unitLabel)}`);
  const usd = unitCostMicroUSD / 1e6;
  // The Hub lists the price twice; the dollars may be rounded.
  if (!(usd > 0) || Math.abs(usd - unitCostUSD) > Math.max(0.01 * usd, 1e-6)) {
    throw noPrice(name, `the Hub lists ${unitCostMicroUSD} millionths of a dollar and ${unitCostUSD} dollars`);
  }
  const cpus = Number(/^(\d+) vCPU/.exec(cpu ?? "")?.[1] ?? Number.NaN) || undefined;
  const usdPerMinute = usd * units;
  const minUsd = (cpus ?? 1) * minUsdPerHour.core + countAccelerators(accelerator) * minUsdPerHour.accelerator;
  if (usdPerMinute * 60 < minUsd) {
    throw noPrice(name, `$${usdPerMinute * 60} an hour is implausible, below $${Number(minUsd.toPrecision(3))}`);
  }
  return { name, usdPerMinute, memoryBytes: parseBytes(ram ?? ""), cpus };
}

function countAccelerators(accelerator: unknown): number {
  if (accelerator === null || accelerator === undefined) return 0;
  return Math.max(1, Number((accelerator as { quantity?: unknown }).quantity) || 1);
}

function noPrice(name: string, why: string): QuantsmithError {
  return new QuantsmithError("QS-JOBS-PRICE", `cannot determine the price of ${quote(name)}: ${why}`, {
    remedy: "Nothing was started. Run again later, or choose another `executors.hfJobs.flavor`.",
  });
}

function unknownFlavor(name: string, known: { name: string }[]): QuantsmithError {
  const names = known.map((one) => one.name);
  const near = nearest(name, names);
  const meant = near === undefined ? "" : ` ${didYouMean(near)}`;
  return new QuantsmithError("QS-JOBS-FLAVOR", `the Hub does not offer the hardware ${quote(name)} for jobs`, {
    remedy: `Set \`executors.hfJobs.flavor\` to one of ${quoteList(names, "or")}.${meant}`,
  });
}
