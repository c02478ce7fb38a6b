/**
 * What of the packages stays out of the bundle. Loaded and never used, these took a third of the controller's memory; in
 * their place stands something that says so to whoever comes to it.
 */

const promClientParts = ['./lib/pushgateway', './lib/cluster', './lib/defaultMetrics'];

/** By name, the text of the module that is bundled in its stead. */
const substitutes = new Map([
  // dockerode: engines reached over SSH, which the settings refuse, and builds of images.
  ['ssh2', `exports.Client = class { constructor() { ${refuse('ssh2')} } };`],
  ...['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', 'tar-fs', 'zlib'].map(refuseAll),
  // pino: writing in a thread of its own.
  ['thread-stream', `module.exports = class { constructor() { ${refuse('thread-stream')} } };`],
  ['worker_threads', 'exports.isMainThread = true;'],
  // fastify: HTTP/2, requests without a socket, and routes with a JSON schema.
  ...['node:http2', 'light-my-request'].map(refuseAll),
  ...['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler'].map(refuseCalls),
  // prom-client: summaries, traces, pushing, several processes, and metrics of its own choice.
  ['tdigest', `exports.TDigest = class { constructor() { ${refuse('tdigest')} } };`],
  ...['@opentelemetry/api', ...promClientParts].map(refuseAll),
]);

/**
 * Leaves them out. Has `node:http` loaded by `require`: an import reads all it exports, and one of that is a second HTTP
 * client, which is loaded when it is read. Has `node:https`, and all of TLS with it, loaded when it is first used: engines
 * are seldom reached over TLS, and lbwatch's own server never is.
 * @type {import('esbuild').Plugin}
 */
export const leaveOut = {
  name: 'leave-out',
  setup(build) {
    build.onResolve({ filter: /./ }, ({ path, importer }) => {
      const isMeant = !promClientParts.includes(path) || /[\\/]prom-client[\\/]index\.js$/.test(importer);
      return isMeant && substitutes.has(path) ? { path, namespace: 'left-out' } : undefined;
    });
    build.onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({ contents: substitutes.get(path) ?? '' }));
    build.onResolve({ filter: /^(?:node:)?http$/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'by-require' } : undefined,
    );
    build.onResolve({ filter: /^(?:node:)?https$/ }, ({ namespace }) =>
      namespace === 'when-used' ? undefined : { path: 'node:https', namespace: 'when-used' },
    );
    build.onLoad({ filter: /./, namespace: 'when-used' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => require('${path}')[name] });`,
    }));
    build.onLoad({ filter: /./, namespace: 'by-require' }, ({ path }) => ({
      contents: `module.exports = require('${path}');`,
    }));
  },
};

/**
 * A module of which nothing can be read.
 * @param {string} name
 * @returns {[string, string]}
 */
function refuseAll(name) {
  return [name, `module.exports = new Proxy({}, { get() { ${refuse(name)} } });`];
}

/**
 * A module that makes what is called only when it is needed.
 * @param {string} name
 * @returns {[string, string]}
 */
function refuseCalls(name) {
  return [name, `module.exports = () => () => { ${refuse(name)} };`];
}

/** @param {string} name */
function refuse(name) {
  return `throw new Error('${name} is not in this bundle (src/left-out.mjs)');`;
}
