import { userSource } from "../../hardware/catalog/custom-device.js";
import {
  type Backend,
  type Catalog,
  type Device,
  deviceClass,
  type Figure,
  type FigureRange,
  type Source,
} from "../../hardware/catalog/device.js";
import { formatBytes } from "../../util/bytes.js";
import { textTable } from "../print.js";

/** Formats all devices, one per line, phones first. */
export function deviceTable(devices: readonly Device[]): string[] {
  const place = (device: Device) => deviceClass.options.indexOf(device.class);
  const rows = devices
    .toSorted((a, b) => place(a) - place(b))
    .map((device) => [
      device.id,
      device.name,
      memory(device, device.memory.bytes),
      memory(device, device.budget),
      device.budget.basis,
      device.bandwidth === null ? "unknown" : rate(device.bandwidth.value),
      device.backends[0] ?? "",
    ]);
  return textTable(["Id", "Name", "Memory", "Model budget", "Basis", "Bandwidth", "Backend"], rows);
}

/** Formats one device: figures with basis and source, notes, its backends' support of tensor types, and sources. */
export function deviceText(catalog: Catalog, device: Device): string[] {
  const figures = figuresOf(device);
  const rows = figures.map(({ title, value, figure }) =>
    figure === null ? [title, "unknown", "", ""] : [title, value, figure.basis, figure.source],
  );
  const notes = figures.flatMap(({ title, figure }) =>
    figure?.note === undefined ? [] : [`  ${title}: ${figure.note}`],
  );
  const backends = device.backends.flatMap((id) => catalog.backends.get(id) ?? []);
  const year = device.year === null ? "" : `, ${device.year}`;
  return [
    `${device.name} (${device.id}): ${device.class}, ${device.chip}${year}`,
    "",
    ...textTable(["Figure", "Value", "Basis", "Source"], rows),
    ...section("Notes", notes),
    ...section("Tensor types", backends.flatMap(typeLines)),
    ...section(
      "Sources",
      citedSources(catalog, device, backends).flatMap(({ id, title, url }) => [
        `  ${id}: ${title}`,
        ...(url === null ? [] : [`    ${url}`]),
      ]),
    ),
  ];
}

/** Returns the sources of a device and its backends, each once, in the catalog's order. */
export function citedSources(catalog: Catalog, device: Device, backends: readonly Backend[]): Source[] {
  const figures = figuresOf(device).flatMap(({ figure }) => figure ?? []);
  const ids = new Set([...figures, ...backends].map(({ source }) => source));
  const own: Source[] = ids.has(userSource) ? [{ id: userSource, title: "Given by the user", url: null }] : [];
  return [...own, ...[...catalog.sources.values()].filter(({ id }) => ids.has(id))];
}

interface ShownFigure {
  title: string;
  value: string;
  figure: Figure | FigureRange | null;
}

function figuresOf(device: Device): ShownFigure[] {
  const { retention, minutes, energyPerToken, batteryPer1kTokens } = device.sustained;
  const after = minutes === null ? "" : ` after ${minutes} min`;
  return [
    { title: "Memory", value: memory(device, device.memory.bytes), figure: device.memory.bytes },
    { title: "Model budget", value: memory(device, device.budget), figure: device.budget },
    { title: "Bandwidth", value: shown(device.bandwidth, ({ value }) => rate(value)), figure: device.bandwidth },
    { title: "Power", value: shown(device.power, ({ value }) => `${value} W`), figure: device.power },
    {
      title: "Sustained speed",
      value: shown(retention, (range) => `${between(range, 100)} %${after}`),
      figure: retention,
    },
    {
      title: "Energy per token",
      value: shown(energyPerToken, (range) => `${between(range)} J`),
      figure: energyPerToken,
    },
    {
      title: "Battery per 1000 tokens",
      value: shown(batteryPer1kTokens, (range) => `${between(range)} %`),
      figure: batteryPer1kTokens,
    },
  ];
}

function shown<T>(figure: T | null, format: (figure: T) => string): string {
  return figure === null ? "" : format(figure);
}

function memory({ memory: { cards: gpus } }: Device, { value }: Figure): string {
  return `${gpus > 1 ? `${gpus} × ` : ""}${formatBytes(value)}`;
}

function rate(bytesPerSecond: number): string {
  return `${Number((bytesPerSecond / 1e9).toPrecision(4))} GB/s`;
}

function between({ low, high }: FigureRange, factor = 1): string {
  const [from, to] = [low, high].map((value) => Number((value * factor).toPrecision(3)));
  return from === to ? `${from}` : `${from}–${to}`;
}

function typeLines({ name, fast, slow, unsupported }: Backend): string[] {
  const lists = { fast, slow, unsupported };
  return Object.entries(lists).flatMap(([kind, types]) =>
    types.length === 0 ? [] : [`  ${name}, ${kind}: ${types.join(" ")}`],
  );
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", `${title}:`, ...lines];
}
