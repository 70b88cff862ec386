import { lookup as resolveName } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** Addresses of this machine and of its network segment, where clouds answer with credentials of the machine. */
const localAddresses = new BlockList();
/** First two bytes and the bits of a prefix: this machine, and its network segment. */
const ranges = [
  { first: [0, 0], bits: 8 },
  { first: [127, 0], bits: 8 },
  { first: [169, 254], bits: 16 },
] as const;
/** Prefixes of IPv6 addresses that contain an IPv4 address: NAT64, its translation, and 6to4. */
const carriers = [
  { start: "64:ff9b::", bits: 96 },
  { start: "64:ff9b:1::", bits: 96 },
  { start: "::ffff:0:", bits: 96 },
  { start: "2002:", bits: 16 },
] as const;
for (const { first, bits } of ranges) {
  const [a, b] = first;
  localAddresses.addSubnet(`${a}.${b}.0.0`, bits);
  const group = (a * 256 + b).toString(16);
  for (const carrier of carriers) {
    const tail = carrier.bits === 96 ? `${group}:0` : `${group}::`;
    localAddresses.addSubnet(`${carrier.start}${tail}`, carrier.bits + bits, "ipv6");
  }
}
// With IPv4 addresses in the last bytes, as `::127.0.0.1`; also `::` and `::1`.
localAddresses.addSubnet("::", 96, "ipv6");
localAddresses.addSubnet("fe80::", 10, "ipv6");
// Teredo, which contains IPv4 addresses in other places.
localAddresses.addSubnet("2001::", 32, "ipv6");
// Metadata services of Alibaba, Oracle, Azure, AWS and Google.
for (const address of ["100.100.100.200", "192.0.0.192", "168.63.129.16"]) localAddresses.addAddress(address);
for (const address of ["fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"]) localAddresses.addAddress(address, "ipv6");

/** Names of this machine in /etc/hosts, and of metadata services. */
const localNames =
  /(?:^|\.)localhost$|^(?:localhost\.localdomain|localhost[46](?:\.localdomain[46])?|ip6-(?:localhost|loopback|localnet)|loopback|broadcasthost|metadata(?:\.google\.internal|\.goog)?|instance-data(?:\.ec2\.internal)?)$/i;

/** Returns true for an IP address of this machine or its network segment; undefined for a name. */
export function isLocalAddress(host: string): boolean | undefined {
  const [address = ""] = host.split("%");
  const version = isIP(address);
  return version === 0 ? undefined : localAddresses.check(address, version === 4 ? "ipv4" : "ipv6");
}

/** Returns true for a usual name of this machine or of a metadata service; others are checked by `remoteLookup`. */
export function isLocalName(host: string): boolean {
  return localNames.test(host);
}

/** A name that a server chose and that resolves to this machine or its network segment. */
export class LocalNameError extends Error {}

/** Resolves names like Node, and fails with a LocalNameError if one of the addresses is local. */
export const remoteLookup: LookupFunction = (host, options, callback) => {
  resolveName(host, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    if (error !== null || first === undefined) return callback(error, [], 0);
    if (addresses.some(({ address }) => isLocalAddress(address))) {
      return callback(new LocalNameError(`the name ${host} is that of this machine or its network segment`), [], 0);
    }
    if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};
