import { findOnPath } from './machine.mjs';

/**
 * The commands that give this machine a Docker engine which the user may use.
 * @param {import('./machine.mjs').Machine} machine
 * @returns {readonly string[]}
 */
export function adviseEngine(machine) {
  if (process.platform !== 'linux') {
    return ['Install and start Docker Desktop (https://docs.docker.com/get-started/get-docker/), then run this again.'];
  }
  return [...adviseInstall(machine), ...adviseStart(machine), ...adviseAccess(machine)];
}

/** @param {import('./machine.mjs').Machine} machine */
function adviseInstall(machine) {
  if (findOnPath('dockerd') !== undefined) return [];
  const sudo = machine.isRoot ? '' : 'sudo ';
  if (machine.family !== 'other') {
    return [
      'Install it:',
      `  ${sudo}apt-get update`,
      `  ${sudo}apt-get install --no-install-recommends docker.io iptables`,
    ];
  }
  const managers = {
    dnf: 'dnf install moby-engine docker-compose',
    pacman: 'pacman -S docker docker-compose',
    apk: 'apk add docker docker-cli-compose',
    zypper: 'zypper install docker docker-compose',
  };
  const command = Object.entries(managers).find(([name]) => findOnPath(name) !== undefined)?.[1];
  return command === undefined
    ? ['Install Docker Engine: https://docs.docker.com/engine/install/']
    : ['Install it:', `  ${sudo}${command}`];
}

/** @param {import('./machine.mjs').Machine} machine */
function adviseStart(machine) {
  const sudo = machine.isRoot ? '' : 'sudo ';
  return ['Start it:', machine.hasSystemd ? `  ${sudo}systemctl start docker` : `  ${sudo}service docker start`];
}

/** @param {import('./machine.mjs').Machine} machine */
function adviseAccess(machine) {
  if (machine.isRoot) return [];
  return [
    'Where it runs but refuses you (permission denied), join its group, which is as much as being root:',
    '  sudo usermod -aG docker "$USER" && newgrp docker',
  ];
}
