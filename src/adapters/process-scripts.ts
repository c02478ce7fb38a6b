import type { Process } from './docker-map.ts';
import { isMaster } from './nginx-words.ts';

/**
 * What is asked of the shell in nginx's container, in words that dash, BusyBox's ash and bash all have built in: nothing
 * is started for it. `read` leaves out the NUL bytes which nginx fills its titles up with. A process may vanish between
 * any two steps; what it leaves is an empty title.
 */

/** A word as the shell reads it back. */
export function quoteWord(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Lists `pid parent title` of nginx's masters in this container; only the first process where that is one. */
export function listMastersScript(proc = '/proc'): string {
  // A pid namespace may be shared with other containers, or the host: theirs are in other control groups.
  return `own=; IFS= read -r own <${proc}/self/cgroup
for d in ${proc}/1 ${proc}/[0-9]*; do
  ${readTitle('$d')}
  case $title in "nginx: master process"*) ;; *) continue ;; esac
  group=; IFS= read -r group <$d/cgroup
  [ "$group" = "$own" ] || continue
  ${readParent('$d')}
  printf '%s %s %s\\n' "\${d##*/}" "$parent" "$title"
  [ "$d" != ${proc}/1 ] || break
done`;
}

/** Lists `pid title` of a master's children; exit code 1 where it is no master (any more). */
export function listChildrenScript(master: number, proc = '/proc'): string {
  const own = `${proc}/${String(master)}`;
  // Read twice: a child that is reaped while the list is made may hide the one after it (proc(5)).
  return `${readTitle(own)}
case $title in
"nginx: master process"*)
  children=; more=
  if [ -r ${own}/task/${String(master)}/children ]; then
    read -r children <${own}/task/${String(master)}/children
    read -r more <${own}/task/${String(master)}/children
  else
    for d in ${proc}/[0-9]*; do ${readParent('$d')}; [ "$parent" != ${String(master)} ] || children="$children \${d##*/}"; done
  fi
  for p in $children $more; do ${readTitle(`${proc}/$p`)}; printf '%s %s\\n' "$p" "$title"; done ;;
*) false ;;
esac`;
}

/** Has a master reload; exit code 1 where it is none (any more), or may not be signalled. */
export function reloadScript(master: number, proc = '/proc'): string {
  return `${readTitle(`${proc}/${String(master)}`)}
case $title in "nginx: master process"*) kill -s HUP ${String(master)} ;; *) false ;; esac`;
}

/** Has workers quit which are accepting workers of this master still; exit code 1 where one may not be signalled. */
export function quitScript(master: number, pids: readonly number[], proc = '/proc'): string {
  return `refused=0
for p in ${pids.map(String).join(' ')}; do
  ${readTitle(`${proc}/$p`)}
  [ "$title" = "nginx: worker process" ] || continue
  ${readParent(`${proc}/$p`)}
  [ "$parent" = ${String(master)} ] || continue
  kill -s QUIT $p || [ ! -d ${proc}/$p ] || refused=1
done
[ $refused = 0 ]`;
}

/** The tables of TCP sockets, of IPv4 and of IPv6 where there is any. */
export const tcpTablesScript = 'cat /proc/net/tcp; [ ! -r /proc/net/tcp6 ] || cat /proc/net/tcp6';

/** A process that bears a master's title. */
interface Titled extends Process {
  readonly parent: number;
}

/** The master among the lines of {@link listMastersScript}. */
export function chooseMaster(output: string): Process | undefined {
  const found = [...output.matchAll(/^([0-9]+) ([0-9]*) (.*)$/gm)];
  return pickMaster(
    found.map(([, pid, parent, command = '']) => ({ pid: Number(pid), parent: Number(parent), command })),
  );
}

/** The master among several: one that is not another's child (an upgrade under way). */
export function pickMaster(found: readonly Titled[]): Process | undefined {
  const pids = new Set(found.map(({ pid }) => pid));
  // A worker that was just forked bears its master's title for a moment.
  const [first] = found.filter(({ parent }) => !pids.has(parent)).sort((one, other) => one.pid - other.pid);
  return first !== undefined && isMaster(first.command) ? { pid: first.pid, command: first.command } : undefined;
}

/** The lines of {@link listChildrenScript}, each process once. */
export function readChildren(output: string): readonly Process[] {
  const lines = [...output.matchAll(/^([0-9]+) (.*)$/gm)];
  const titles = new Map(lines.map(([, pid, command = '']) => [Number(pid), command]));
  return [...titles].map(([pid, command]) => ({ pid, command }));
}

function readTitle(directory: string): string {
  return `title=; IFS= read -r title <${directory}/cmdline`;
}

function readParent(directory: string): string {
  return `stat=; parent=; IFS= read -r stat <${directory}/stat; set -- \${stat##*) }; parent=\${2-}`;
}
