import { formatBytes } from "../util/bytes.js";

/** Averaging window of the rate: long enough to be steady, short enough to follow the network. */
const windowMs = 15_000;

/** Measures the recent rate of a transfer and estimates the time left. */
export class TransferRate {
  readonly #samples: { at: number; bytes: number }[] = [];

  /** Records the transferred `bytes` at a time in milliseconds of a monotonic clock. */
  record(bytes: number, at = performance.now()): void {
    const last = this.#samples.at(-1);
    // After a restart of the transfer, earlier samples do not apply.
    if (last !== undefined && bytes < last.bytes) this.#samples.length = 0;
    this.#samples.push({ at, bytes });
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) >= windowMs) this.#samples.shift();
  }

  /** Bytes per second; undefined without enough samples. */
  get bytesPerSecond(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < 200) return undefined;
    return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000;
  }

  /** Returns text such as `12.3 MB/s, 4 min left`; empty without enough samples. */
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
