import type { GgufScalar, GgufScalarType } from "./gguf.js";

export interface FixedType {
  name: Exclude<GgufScalarType, "string">;
  /** Number in files, `enum gguf_type`. */
  id: number;
  bytes: number;
  read(buffer: Buffer, at: number): GgufScalar;
  write(buffer: Buffer, value: GgufScalar, at: number): void;
}

/** Value types of fixed size, by number. `read` returns a bool as its byte, which may be neither 0 nor 1. */
export const fixedTypes: ReadonlyMap<number, FixedType> = byId([
  {
    name: "uint8",
    id: 0,
    bytes: 1,
    read: (b, at) => b.readUInt8(at),
    write: (b, v, at) => b.writeUInt8(Number(v), at),
  },
  { name: "int8", id: 1, bytes: 1, read: (b, at) => b.readInt8(at), write: (b, v, at) => b.writeInt8(Number(v), at) },
  {
    name: "uint16",
    id: 2,
    bytes: 2,
    read: (b, at) => b.readUInt16LE(at),
    write: (b, v, at) => b.writeUInt16LE(Number(v), at),
  },
  {
    name: "int16",
    id: 3,
    bytes: 2,
    read: (b, at) => b.readInt16LE(at),
    write: (b, v, at) => b.writeInt16LE(Number(v), at),
  },
  {
    name: "uint32",
    id: 4,
    bytes: 4,
    read: (b, at) => b.readUInt32LE(at),
    write: (b, v, at) => b.writeUInt32LE(Number(v), at),
  },
  {
    name: "int32",
    id: 5,
    bytes: 4,
    read: (b, at) => b.readInt32LE(at),
    write: (b, v, at) => b.writeInt32LE(Number(v), at),
  },
  {
    name: "float32",
    id: 6,
    bytes: 4,
    read: (b, at) => b.readFloatLE(at),
    write: (b, v, at) => b.writeFloatLE(Number(v), at),
  },
  { name: "bool", id: 7, bytes: 1, read: (b, at) => b.readUInt8(at), write: (b, v, at) => b.writeUInt8(Number(v), at) },
  {
    name: "uint64",
    id: 10,
    bytes: 8,
    read: (b, at) => b.readBigUInt64LE(at),
    write: (b, v, at) => b.writeBigUInt64LE(BigInt(v), at),
  },
  {
    name: "int64",
    id: 11,
    bytes: 8,
    read: (b, at) => b.readBigInt64LE(at),
    write: (b, v, at) => b.writeBigInt64LE(BigInt(v), at),
  },
  {
    name: "float64",
    id: 12,
    bytes: 8,
    read: (b, at) => b.readDoubleLE(at),
    write: (b, v, at) => b.writeDoubleLE(Number(v), at),
  },
]);

export const stringTypeId = 8;
export const arrayTypeId = 9;

const byName = new Map([...fixedTypes.values()].map((type) => [type.name, type]));

/** Returns the type with this name; undefined for strings, which have no fixed size. */
export function fixedTypeByName(name: GgufScalarType): FixedType | undefined {
  return name === "string" ? undefined : byName.get(name);
}

/** Returns the name of a known type; "string" for any other number. */
export function scalarTypeName(id: number | undefined): GgufScalarType {
  return fixedTypes.get(id ?? stringTypeId)?.name ?? "string";
}

function byId(types: readonly FixedType[]): Map<number, FixedType> {
  return new Map(types.map((type) => [type.id, type]));
}
