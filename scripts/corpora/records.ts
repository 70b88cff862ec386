import type { CorpusUse } from "../../src/corpus/sample-prompts.js";
import { list, share } from "./phrases.js";
import type { Random } from "./random.js";

const items = list(
  "anchor / basil / candle / drill / easel / fennel / gasket / hammock / inkwell / jigsaw / kettle / lantern / mortar / needle / oatmeal / paprika / quilt / ribbon / saddle / thermos / urn / vise / walnut / yarn",
);
const towns = list(
  "Alvik / Brenna / Cordera / Dunmore / Eskola / Farrow / Gellin / Hostad / Imber / Jarna / Kessel / Lorran / Mirov / Nesbit / Orrin / Pelham / Quill / Rosto",
);
const states = list("open / shipped / returned / waiting / lost / paid / cancelled / delayed / refunded");
const services = list("gateway / indexer / mailer / planner / resizer / scheduler / billing / search-api / archiver");
const happenings = list(
  "cache is cold, reading from disk / connection reset by peer / rebuilt the index / slow request / lease renewed / queue is full, dropping the oldest entry / configuration reloaded / worker did not answer in time / checksum differs, fetching again / certificate expires soon / nothing to do / retry scheduled",
);

type Maker = (
  random: Random,
  names: { items: string[]; towns: string[]; services: string[]; events: string[] },
) => string;

const two = (number: number) => String(number).padStart(2, "0");
const day = (random: Random) =>
  `20${two(random.between(9, 26))}-${two(random.between(1, 12))}-${two(random.between(1, 28))}`;
const hour = (random: Random) => `${two(random.below(24))}:${two(random.below(60))}:${two(random.below(60))}`;
const price = (random: Random) => `${random.between(1, 400)}.${two(random.below(100))}`;
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** Text that programs write and read; each kind is for one use. */
const makers: readonly Maker[] = [
  (random, { items }) =>
    JSON.stringify(
      {
        order: random.between(1000, 99_999),
        placed: day(random),
        lines: times(random.between(2, 6), () => ({
          item: random.pick(items),
          pieces: random.between(1, 40),
          price: Number(price(random)),
        })),
        status: random.pick(states),
      },
      null,
      2,
    ),
  (random, { items, towns }) =>
    `| Town | Goods | Pieces | Price |\n|:--|:--|--:|--:|\n${times(random.between(4, 9), () => `| ${random.pick(towns)} | ${random.pick(items)} | ${random.between(1, 900)} | ${price(random)} |`).join("\n")}`,
  (random, { services, events }) =>
    times(
      random.between(6, 14),
      () =>
        `${day(random)}T${hour(random)}Z ${random.pick(["INFO ", "WARN ", "ERROR", "DEBUG"])} [${random.pick(services)}] ${random.pick(events)} id=${random.between(10_000, 99_999)} took=${random.between(1, 900)}ms`,
    ).join("\n"),
  (random, { services }) =>
    times(
      random.between(2, 4),
      () =>
        `${random.pick(services)}:\n  replicas: ${random.between(1, 9)}\n  memory: ${random.pick([128, 256, 512, 1024])}Mi\n  ports:\n    - ${random.between(1024, 9999)}\n    - ${random.between(1024, 9999)}\n  enabled: ${random.pick(["true", "false"])}`,
    ).join("\n"),
  (random, { items, towns }) =>
    `id,town,item,amount,date\n${times(random.between(5, 12), (index) => `${index + random.between(1, 9) * 100},${random.pick(towns)},${random.pick(items)},${random.between(1, 80)},${day(random)}`).join("\n")}`,
  (random, { items, towns }) =>
    `From: ${random.pick(items)}@${random.pick(towns).toLowerCase()}.example\nTo: stock@${random.pick(towns).toLowerCase()}.example\nDate: ${day(random)} ${hour(random)}\nSubject: Delivery of ${random.between(2, 90)} × ${random.pick(items)}\n\nHello,\n\nwe received ${random.between(2, 50)} of the ${random.between(51, 90)} pieces ordered. Please send the rest before ${day(random)}, or return ${price(random)} to our account.\n\nRegards,\nthe warehouse in ${random.pick(towns)}`,
  (random, { items }) =>
    `# Inventory\n\n${times(random.between(2, 4), () => `## Shelf ${random.pick(["A", "B", "C", "D"])}${random.between(1, 40)}\n\n${times(random.between(2, 5), () => `- [${random.pick(["x", " "])}] **${random.pick(items)}** (${random.between(1, 60)} left, reorder below *${random.between(2, 9)}*)`).join("\n")}`).join("\n\n")}`,
  (random, { items, towns }) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<shipment number="${random.between(100, 9999)}" from="${random.pick(towns)}">\n${times(random.between(2, 6), () => `  <crate weight="${random.between(1, 90)}.${random.below(10)}"><name>${random.pick(items)}</name><count>${random.between(1, 40)}</count></crate>`).join("\n")}\n</shipment>`,
  (random, { services }) =>
    `[${random.pick(services)}]\nlisten = "127.0.0.1:${random.between(1024, 9999)}"\ntimeout = ${random.between(1, 60)}.${random.below(10)}\nretries = ${random.between(0, 9)}\n\n[${random.pick(services)}.limits]\nbody = "${random.between(1, 64)}MiB"\nper_minute = ${random.between(10, 900)}\nallow = ["10.${random.below(256)}.0.0/16", "192.168.${random.below(256)}.0/24"]`,
  (random, { towns }) =>
    `TIMETABLE ${random.pick(towns)} – ${random.pick(towns)}\n\n${times(random.between(4, 8), () => `${random.pick(towns).padEnd(12)} ${two(random.below(24))}.${two(random.below(60))}  ${two(random.below(24))}.${two(random.below(60))}  platform ${random.between(1, 12)}`).join("\n")}`,
  (random, { services, events }) =>
    times(random.between(4, 9), () =>
      JSON.stringify({
        at: `${day(random)} ${hour(random)}`,
        service: random.pick(services),
        event: random.pick(events),
        attempt: random.between(1, 9),
      }),
    ).join("\n"),
  (random, { items, towns }) =>
    `\\begin{tabular}{lrr}\nplace & ${random.pick(items)} & ${random.pick(items)} \\\\ \\hline\n${times(random.between(3, 7), () => `${random.pick(towns)} & ${random.between(1, 900)} & $${price(random)} \\pm ${random.between(1, 9)}$ \\\\`).join("\n")}\n\\end{tabular}`,
];

/** Returns one table, log, message or settings file. */
export function record(use: CorpusUse, random: Random): string {
  const names = {
    items: share(items, use),
    towns: share(towns, use),
    services: share(services, use),
    events: share(happenings, use),
  };
  return random.pick(share(makers, use))(random, names);
}
