// What the help of check and init says beside their flags: at hand without the commands, which are loaded when they are called for.

export const checkHelp = `
Without FILE, the files that Compose itself would take: COMPOSE_FILE, else compose.yaml or docker-compose.yaml with its
override, here or in a folder above. Variables, extends, include and several files are resolved by docker compose where
it is installed, else by lbwatch. The engine is asked for one thing at most: which port an image exposes, where a label
leaves the port to the image and the engine has it.

Exit codes: 0 nothing is wrong, 1 there are errors or warnings, 2 the files cannot be read.`;

export const initHelp = `
For a stack whose nginx.conf was written by hand. Reads the Compose files as lbwatch check does, and nginx's
configuration where it is mounted below /etc/nginx or copied there by a Dockerfile. Each upstream block whose servers are
services of the Compose file becomes labels; weight, max_fails, fail_timeout, max_conns, backup, the method and keepalive
are carried over. A block that holds anything that no label says stays as it is, and the reason is told. Comments, order
and formatting stay. --write keeps each file as FILE.before-lbwatch; all files are written, or none.

Exit codes: 0 shown, written, or nothing to do; 1 nothing can be carried over; 2 the files cannot be read.`;
