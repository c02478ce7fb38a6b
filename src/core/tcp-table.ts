import { isIPv4, isIPv6 } from 'node:net';

/**
 * States (Linux, `include/net/tcp_states.h`) in which nginx may still need the member: it connects (02), they talk (01),
 * or nginx has said its last word and reads on (04, 05). Where the member has said its own last word (08) nothing more
 * can come from it; in the others the connection is over.
 */
const inWork: ReadonlySet<string> = new Set(['01', '02']);
const inWorkWhileOpen: ReadonlySet<string> = new Set(['04', '05']);

/**
 * Counts the connections, seen from nginx's side, that are still in work with one of these members.
 *
 * @param tables `/proc/net/tcp` and `/proc/net/tcp6`, one after the other; what is no row of theirs is passed over
 * @param members `address:port` as nginx writes it, IPv6 in brackets
 */
export function countConnections(tables: string, members: readonly string[]): number {
  const wanted = new Set(members.flatMap(toTableAddresses));
  return tables.split('\n').filter((line) => {
    // sl, local_address, rem_address, st, tx:rx, tr:tm->when, retrnsmt, uid, timeout, inode (Linux, proc_net_tcp.rst)
    const columns = line.trim().split(/\s+/);
    const [remote = '', state = '', inode = ''] = [columns[2], columns[3], columns[9]];
    if (!wanted.has(remote)) return false;
    // No inode: closed by its process, and kept by the kernel only.
    return inWork.has(state) || (inWorkWhileOpen.has(state) && inode !== '0');
  }).length;
}

/** Whether a text is such a table at all, perhaps an empty one. */
export function isTcpTable(text: string): boolean {
  return /^\s*sl\s+local_address\s+rem(?:ote)?_address\s+st\s/m.test(text);
}

/** As the tables write it: 32-bit words in this machine's byte order, in hex. An IPv4 member may be in both tables. */
function toTableAddresses(member: string): readonly string[] {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):([0-9]+)$/.exec(member);
  const address = match?.[1] ?? match?.[2] ?? '';
  const port = toHex(Number(match?.[3]), 4);
  if (isIPv6(address)) return [`${toWords(expandIPv6(address))}:${port}`];
  if (!isIPv4(address)) return [];
  const bytes = address.split('.').map(Number);
  // Behind ::ffff: in a socket that speaks both.
  const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...bytes];
  return [`${toWords(bytes)}:${port}`, `${toWords(mapped)}:${port}`];
}

/** The 16 bytes of an address that is known to be valid. */
function expandIPv6(address: string): readonly number[] {
  const [head = [], tail] = address.split('::').map(readGroups);
  if (tail === undefined) return head;
  return [...head, ...Array<number>(16 - head.length - tail.length).fill(0), ...tail];
}

function readGroups(text: string): readonly number[] {
  return text.split(':').flatMap((group) => {
    if (group === '') return [];
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function toWords(bytes: readonly number[]): string {
  return Array.from(new Uint32Array(Uint8Array.from(bytes).buffer), (word) => toHex(word, 8)).join('');
}

function toHex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
