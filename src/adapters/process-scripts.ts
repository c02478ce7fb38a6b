import { newWorkersMs } from '../loop/handover.ts';
import type { Handover } from '../loop/handover.ts';
import type { Process } from './docker-map.ts';
import { isMaster } from './nginx-words.ts';

/** What {@link handOverScript} prints beside processes. */
const signalled = 'signalled';
const outcome = 'handover';

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
  return `${readTitle(own)}
case $title in
"nginx: master process"*)
  ${listChildren(master, proc)}
  for p in $children; do ${readTitle(`${proc}/$p`)}; printf '%s %s\\n' "$p" "$title"; done ;;
*) false ;;
esac`;
}

/** Has a master reload; exit code 1 where it is none (any more), or may not be signalled. */
export function reloadScript(master: number, proc = '/proc'): string {
  return `${readTitle(`${proc}/${String(master)}`)}
case $title in "nginx: master process"*) kill -s HUP ${String(master)} ;; *) false ;; esac`;
}

/**
 * Lists a master's children as {@link listChildrenScript} does, has it reload and hands over early: waits until as many
 * new workers accept as old ones did, then has the old ones quit. Why that is safe, and when it is not done, is told where
 * it is done step by step ({@link handOver}); here it is one round trip instead of four or more. Exit code 1 where there
 * was no master, or it may not be signalled.
 */
export function handOverScript(master: number, proc = '/proc'): string {
  const isWorker = '[ "$title" = "nginx: worker process" ]';
  const uptime = `now=; read -r now more <${proc}/uptime; now=\${now%%.*}\${now##*.}`;
  return `list() { ${listChildren(master, proc)}
}
before=' '; old=' '; count=0; handover=left
${readTitle(`${proc}/${String(master)}`)}
case $title in "nginx: master process"*)
  list
  for p in $children; do
    ${readTitle(`${proc}/$p`)}
    printf '%s %s\\n' "$p" "$title"
    before="$before$p "
    if ${isWorker}; then old="$old$p "; count=$((count + 1)); fi
  done
  if kill -s HUP ${String(master)}; then
    printf '${signalled}\\n'
    ${uptime}; limit=$((now + ${String(newWorkersMs / 10)}))
    while [ $count -gt 0 ] && [ "$now" -le "$limit" ]; do
      left=; new=0
      list
      for p in $children; do
        ${readTitle(`${proc}/$p`)}
        ${isWorker} || continue
        case $old in *" $p "*) left="$left $p" ;; *) case $before in *" $p "*) ;; *) new=$((new + 1)) ;; esac ;; esac
      done
      [ -n "$left" ] || break
      if [ $new -ge $count ]; then
        handover="early $new"
        for p in $left; do kill -s QUIT $p || [ ! -d ${proc}/$p ] || handover=refused; done
        break
      fi
      sleep 0.001 2>/dev/null
      ${uptime}
    done
    printf '${outcome} %s\\n' "$handover"
  else false; fi ;;
*) false ;;
esac`;
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

/** Whether the lines of {@link handOverScript} so far tell that the signal was sent. */
export function isSignalled(output: string): boolean {
  return output.split('\n').includes(signalled);
}

/** The lines of {@link handOverScript}: the processes before the signal, what became of it, and what else was said. */
export function readHandOver(output: string): {
  readonly processes: readonly Process[];
  readonly handover: Handover;
  readonly rest: string;
} {
  const [before = '', after = ''] = output.split(new RegExp(`^${signalled}$`, 'm'));
  const [, kind, newWorkers] = new RegExp(`^${outcome} (early|left|refused) ?([0-9]*)$`, 'm').exec(after) ?? [];
  const handover: Handover =
    kind === 'early' ? { kind, newWorkers: Number(newWorkers) } : { kind: kind === 'refused' ? 'refused' : 'left' };
  return { processes: readChildren(before), handover, rest: before.replaceAll(/^[0-9]+ .*$/gm, '').trim() };
}

/** Sets `children` to the pids of a master's children, each once. */
function listChildren(master: number, proc: string): string {
  const listed = `${proc}/${String(master)}/task/${String(master)}/children`;
  // Read twice: a child that is reaped while the list is made may hide the one after it (proc(5)).
  return `children=; first=; second=
  if [ -r ${listed} ]; then
    read -r first <${listed}
    read -r second <${listed}
  else
    for d in ${proc}/[0-9]*; do ${readParent('$d')}; [ "$parent" != ${String(master)} ] || first="$first \${d##*/}"; done
  fi
  for p in $first $second; do case " $children " in *" $p "*) ;; *) children="$children $p" ;; esac; done`;
}

function readTitle(directory: string): string {
  return `title=; IFS= read -r title <${directory}/cmdline`;
}

function readParent(directory: string): string {
  return `stat=; parent=; IFS= read -r stat <${directory}/stat; set -- \${stat##*) }; parent=\${2-}`;
}
