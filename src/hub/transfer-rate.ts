import { formatBytes } from "../util/bytes.js";

/** How far back the rate looks, in milliseconds: long enough to be steady, short enough to follow the network. */
const windowMs = 15_000;

/** Tells how fast a transfer goes and how long it will take, from the recent past. */
export class TransferRate {
  readonly #samples: { at: number; bytes: number }[] = [];

  /** Notes that `bytes` are there at this moment, in milliseconds of any steady clock. */
  note(bytes: number, at = performance.now()): void {
    const last = this.#samples.at(-1);
    // What was downloaded in vain and is downloaded again says nothing about the rate.
    if (last !== undefined && bytes < last.bytes) this.#samples.length = 0;
    this.#samples.push({ at, bytes });
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) >= windowMs) this.#samples.shift();
  }

  /** Bytes per second; undefined until there is something to go by. */
  get bytesPerSecond(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < 200) return undefined;
    return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000;
  }

  /** `12.3 MB/s, 4 min left`; empty while nothing can be said. */
  describe(total: number): string {
    const rate = this.bytesPerSecond;
    if (rate === undefined || rate <= 0) return "";
    const left = (total - (this.#samples.at(-1)?.bytes ?? 0)) / rate;
    return `${formatBytes(Math.round(rate))}/s, ${describeSeconds(left)} left`;
  }
}

function describeSeconds(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.ceil((seconds % 3600) / 60)} min`;
}
