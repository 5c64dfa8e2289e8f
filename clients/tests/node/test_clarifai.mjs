// Clarifai's Node client, and fetch, against a Docket that holds the model.
//
//   node test_clarifai.mjs [-v]       variables: see ../README.md
//
// Node reads NODE_EXTRA_CA_CERTS when it starts, so what needs it runs in a second process of this program.

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { CODES, ClarifaiModel, isEmpty, lean, partsOf, queries, stamp, whole } from './clarifai_model.mjs';
import { check, close, equal, holds, include, setting } from './report.mjs';

const URL_PLAIN = setting('DOCKET_URL').replace(/\/$/, '');
const URL_TLS = setting('DOCKET_URL_TLS').replace(/\/$/, '');
const CA = setting('DOCKET_CA');
const TOKEN = setting('DOCKET_TOKEN');
const TOKEN_MEMBER = setting('DOCKET_TOKEN_MEMBER');
const MEMBER = setting('DOCKET_MEMBER');
const ORG = setting('DOCKET_ORG');
const SECOND = process.argv.includes('--second-process');
const CHILD_TIME_MS = 120_000;
const CALL_TIME_MS = 60_000;

for (const name of Object.keys(process.env)) {
  if (name.startsWith('CLARIFAI_')) delete process.env[name];
}
// All that a user sets to have the vendor's programs ask Docket.
process.env.CLARIFAI_GRPC_BASE = `localhost:${new URL(URL_TLS).port}`;
if (SECOND) delete process.env.GRPC_DEFAULT_SSL_ROOTS_FILE_PATH;
else process.env.GRPC_DEFAULT_SSL_ROOTS_FILE_PATH = CA;
if (Object.keys(process.env).some((n) => /^https?_proxy$/i.test(n))) process.env.no_proxy = '127.0.0.1,localhost';

const require = createRequire(import.meta.url);
const { ClarifaiStub, grpc } = require('clarifai-nodejs-grpc');
const { V2Client } = require('clarifai-nodejs-grpc/proto/clarifai/api/service_grpc_pb');
const service = require('clarifai-nodejs-grpc/proto/clarifai/api/service_pb');
const resources = require('clarifai-nodejs-grpc/proto/clarifai/api/resources_pb');
const { BoolValue } = require('google-protobuf/google/protobuf/wrappers_pb');
const { Timestamp } = require('google-protobuf/google/protobuf/timestamp_pb');

const model = new ClarifaiModel(setting('DOCKET_MODEL'));
const KNOWN_CODES = Object.values(resources.EventType);
const KINDS = Object.keys(new resources.AuditLogTarget().toObject()).map(snake);
const requestIds = new Set();
const VERSION = packageVersion();

// A door asks and gives back { status, entries } with members as in REST JSON, without empty ones.
const unary = (call) => new Promise((resolve, reject) => {
  call((error, response) => (error ? reject(error) : resolve(response)));
});
const options = () => ({ deadline: Date.now() + CALL_TIME_MS });

function metadata(token) {
  const made = new grpc.Metadata();
  made.set('authorization', `Key ${token}`);
  return made;
}

// The stub that is made from the .proto files when the program runs.
function dynamic() {
  const stub = ClarifaiStub.grpc();
  const send = async (message, token = TOKEN) => {
    const response = await unary((done) => stub.PostAuditLogSearches(message, metadata(token), options(), done));
    return plain(response);
  };
  const ask = (request, user = ORG, token = TOKEN) => send(plainMessage(request, user), token);
  return { ask, send, stub, sees: zeroWhatItDoesNotKnow, shown: (entries) => lean(entries, KINDS) };
}

function plainMessage(request, user) {
  const message = { ...request };
  if (user !== undefined) message.user_app_id = { user_id: user };
  if (!request.query) return message;
  message.query = { ...request.query };
  for (const bound of ['timestamp_from', 'timestamp_to']) {
    if (request.query[bound]) message.query[bound] = partsOf(request.query[bound]);
  }
  if (request.query.success !== undefined) message.query.success = { value: request.query.success };
  return message;
}

// The dynamic stub sends 0 for operations that its .proto files do not have.
function zeroWhatItDoesNotKnow(request) {
  const known = (o) => KNOWN_CODES.includes(CODES[o] ?? o);
  const operations = request.query?.operations?.map((o) => (known(o) ? o : 0));
  return operations ? { ...request, query: { ...request.query, operations } } : request;
}

// The classes that were generated from the .proto files.
function generated(address, credentials) {
  const client = new V2Client(address, credentials);
  const ask = async (request, user = ORG, token = TOKEN) => {
    const message = classMessage(request, user);
    const response = await unary((done) => client.postAuditLogSearches(message, metadata(token), options(), done));
    return plain(response.toObject());
  };
  return { ask, client, sees: (request) => request, shown: (entries) => lean(entries, KINDS) };
}

function classMessage(request, user) {
  const message = new service.PostAuditLogSearchesRequest();
  if (user !== undefined) message.setUserAppId(new resources.UserAppIDSet().setUserId(user));
  message.setSortAscending(request.sort_ascending ?? false);
  if (request.pagination) {
    const { page = 0, per_page = 0 } = request.pagination;
    message.setPagination(new service.Pagination().setPage(page).setPerPage(per_page));
  }
  if (!request.query) return message;
  const given = request.query;
  const query = new resources.AuditLogQuery();
  query.setUserIdsList(given.user_ids ?? []).setSourceIpsList(given.source_ips ?? []);
  query.setOperationsList((given.operations ?? []).map((o) => CODES[o] ?? o));
  query.setTargetsList((given.targets ?? []).map(classTarget));
  if (given.timestamp_from) query.setTimestampFrom(classTime(given.timestamp_from));
  if (given.timestamp_to) query.setTimestampTo(classTime(given.timestamp_to));
  if (given.success !== undefined) query.setSuccess(new BoolValue().setValue(given.success));
  return message.setQuery(query);
}

function classTime(text) {
  const { seconds, nanos } = partsOf(text);
  return new Timestamp().setSeconds(seconds).setNanos(nanos);
}

function classTarget(target) {
  const made = new resources.AuditLogTarget();
  for (const [kind, members] of Object.entries(target)) {
    const name = kind.replace(/(^|_)(\w)/g, (_, __, letter) => letter.toUpperCase());
    const message = new resources[name]();
    for (const [member, value] of Object.entries(members)) {
      message[`set${member.replace(/(^|_)(\w)/g, (_, __, letter) => letter.toUpperCase())}`](value);
    }
    made[`set${name}`](message);
  }
  return made;
}

// What either of them gives out, as REST JSON without empty members.
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  const names = Object.keys(value).sort();
  if (names.join() === 'nanos,seconds') return stamp(value.seconds, value.nanos);
  const members = {};
  for (const [name, member] of Object.entries(value)) {
    const oneof = typeof member === 'string' && name === 'target' && member in value;
    const shown = oneof ? '' : plain(member);
    if (!isEmpty(shown)) members[snake(Array.isArray(member) ? name.replace(/List$/, '') : name)] = shown;
  }
  return members;
}

function snake(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

// What the vendor's page does in a browser or in Node.
function fetching(base) {
  const send = async (body, user = ORG, token = TOKEN) => {
    const response = await fetch(`${base}/v2/users/${encodeURIComponent(user)}/audit_log/searches`, {
      method: 'POST',
      headers: { Accept: 'application/json', Authorization: `Key ${token}` },
      body,
      signal: AbortSignal.timeout(CALL_TIME_MS),
    });
    const answer = JSON.parse(await response.text());
    equal(response.headers.get('content-type'), 'application/json; charset=UTF-8', 'content-type');
    equal(response.headers.get('x-clarifai-request-id'), answer.status.req_id, 'x-clarifai-request-id');
    equal(response.headers.get('access-control-allow-origin'), '*', 'access-control-allow-origin');
    return { ...answer, http: response.status };
  };
  const ask = (request, user, token) => send(JSON.stringify(request), user, token);
  return { ask, send, sees: (request) => request, shown: (entries) => entries, http: true };
}

async function main() {
  console.log(`clarifai-nodejs-grpc ${VERSION}${SECOND ? ', second process' : ''}, ${model.entries.length} entries`);
  const rest = fetching(URL_PLAIN);
  await check('the log holds the model and little else', () => holdsModel(rest));
  if (SECOND) {
    await through('fetch, https', fetching(URL_TLS));
    await through('dynamic stub, trusting as Node does', dynamic());
    return close();
  }
  const host = `localhost:${new URL(URL_TLS).port}`;
  await through('fetch', rest);
  await through('dynamic stub, TLS', dynamic());
  await through('V2Client, TLS', generated(host, grpc.ChannelCredentials.createSsl()));
  await through('V2Client, plaintext', generated(new URL(URL_PLAIN).host, grpc.ChannelCredentials.createInsecure()));
  await verbatim(dynamic());
  await check('another method', otherMethod);
  secondProcess();
  return close();
}

async function holdsModel(door) {
  model.addForeign((await door.ask({ query: model.after() })).entries);
  const { entries } = await door.ask(whole({}));
  sameEntries(entries, model.entries.slice(0, 1000));
}

async function through(name, door) {
  for (const { name: query, request } of queries().answered) {
    if (canSay(door, request)) await check(`${name}: ${query}`, () => answered(door, request));
  }
  for (const sort_ascending of [false, true]) {
    await check(`${name}: pages of 101, oldest first: ${sort_ascending}`, () => walk(door, { sort_ascending }, 101));
  }
  await check(`${name}: pages of the default size`, () => walk(door, {}));
  await check(`${name}: a member's own id`, () => own(door, MEMBER, TOKEN));
  await check(`${name}: me of a member`, () => own(door, 'me', TOKEN_MEMBER));
  await check(`${name}: me of the owner`, () => same(door, {}, 'me'));
  for (const { name: query, request, code } of queries().refused) {
    if (canSay(door, request)) await check(`${name}: ${query}`, () => refused(door, request, code, 'Invalid request', 400));
  }
  const noKey = 'Invalid API key or Invalid API key/application pair';
  const noScope = 'API key has insufficient scopes';
  await check(`${name}: wrong key`, () => refused(door, {}, 11008, noKey, 401, ORG, 'wrong'.repeat(8)));
  await check(`${name}: a member asks for the organization`, () => refused(door, {}, 11007, noScope, 403, ORG, TOKEN_MEMBER));
  await check(`${name}: somebody's log`, () => refused(door, {}, 11007, noScope, 403, 'nobody-here'));
}

const canSay = (door, request) => {
  const kinds = (request.query?.targets ?? []).flatMap((t) => Object.keys(t));
  return door.http || kinds.every((kind) => KINDS.includes(kind));
};

async function answered(door, request) {
  await same(door, request, ORG);
  const seen = door.sees(request);
  if (model.list(seen).length > model.page(seen).length) await same(door, whole(request), ORG);
}

async function same(door, request, user, token = TOKEN, owner = undefined) {
  const answer = await door.ask(request, user, token);
  statusOf(door, answer, 10000, 'Ok', 200);
  equal(answer.status.details, undefined, 'details');
  sameEntries(answer.entries ?? [], door.shown(model.page(door.sees(request), owner)));
}

const own = (door, user, token) => same(door, whole({ query: { success: true } }), user, token, MEMBER);

async function walk(door, request, size = 128) {
  const got = [];
  for (let page = 1; page < model.entries.length / size + 2; page += 1) {
    const pagination = size === 128 ? { page } : { page, per_page: size };
    const { entries = [] } = await door.ask({ ...request, pagination });
    got.push(...entries);
    if (entries.length < size) break;
  }
  sameEntries(got, door.shown(model.list(request)));
}

async function refused(door, request, code, description, http, user = ORG, token = TOKEN) {
  const answer = await door.ask(request, user, token);
  statusOf(door, answer, code, description, http);
  holds(answer.status.details, 'no details');
  equal(answer.entries ?? [], [], 'entries');
  holds(!JSON.stringify(answer).includes(token), 'the answer holds the key');
}

function statusOf(door, { status, http }, code, description, expected) {
  equal([status.code, status.description], [code, description], 'status');
  holds(/^[0-9a-f]{32}$/.test(status.req_id), `req_id ${status.req_id}`);
  holds(!requestIds.has(status.req_id), `req_id ${status.req_id} for the second time`);
  requestIds.add(status.req_id);
  if (door.http) equal(http, expected, 'HTTP status');
}

// The vendor's page hands objects of google-protobuf to the dynamic stub, which finds no fields in them: the bytes
// are those of an explicit epoch and of an explicit false.
async function verbatim(door) {
  const ask = (query, more = {}) => door.send({ user_app_id: { user_id: ORG }, query, ...more });
  const from = new Timestamp();
  from.fromDate(new Date('2024-05-01T00:00:00Z'));
  const to = new Timestamp();
  to.fromDate(new Date('2024-05-31T23:59:59Z'));
  const time = { timestamp_from: from, timestamp_to: to };
  const yes = new BoolValue();
  yes.setValue(true);
  const check3 = (name, answer, request) => check(`verbatim: ${name}`, async () => {
    const got = await answer();
    statusOf(door, got, 10000, 'Ok');
    sameEntries(got.entries ?? [], request ? door.shown(model.page(request)) : []);
  });
  await check3('time', () => ask(time));
  await check3('pagination', () => ask(time, { pagination: { page: 2, per_page: 20 } }));
  await check3('success', () => ask({ success: yes }), { query: { success: false } });
  await check3('an empty object as success', () => ask({ success: {} }), { query: { success: false } });
  await check3('names that nobody knows', () => ask({ operations: ['NO_SUCH_EVENT'] }), {});
  await check3('one name that nobody knows', () => ask({ operations: ['NO_SUCH_EVENT', 'MODEL_DELETE'] }),
    { query: { operations: ['MODEL_DELETE'] } });
  await check3('camelCase is dropped by the client', () => ask({ userIds: ['nobody'] }), {});
  await check3('page -1', () => ask({}, { pagination: { page: -1, per_page: 20 } }));
  await check('verbatim: a page of -1', async () => {
    statusOf(door, await ask({}, { pagination: { per_page: -1 } }), 11102, 'Invalid request');
  });
  await check('verbatim: no user', async () => {
    statusOf(door, await door.send({}), 11102, 'Invalid request');
  });
}

async function otherMethod() {
  const { stub } = dynamic();
  try {
    await unary((done) => stub.ListApps({ user_app_id: { user_id: ORG } }, metadata(TOKEN), options(), done));
  } catch (error) {
    return equal(error.code, grpc.status.UNIMPLEMENTED, 'gRPC status');
  }
  throw new Error('no error');
}

function secondProcess() {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: CA };
  const program = [fileURLToPath(import.meta.url), '--second-process', ...process.argv.slice(2)];
  const child = spawnSync(process.execPath, program, { env, timeout: CHILD_TIME_MS, encoding: 'utf8' });
  const lines = child.stdout.trimEnd().split('\n');
  const counts = lines.pop().match(/^(\d+) passed, (\d+) failed$/);
  for (const line of lines) console.log(line);
  if (!counts) console.log(`FAIL  the second process ended without a count\n      ${child.stderr}`);
  include(Number(counts?.[1] ?? 0), Number(counts?.[2] ?? 1));
}

function sameEntries(got, wanted) {
  for (let i = 0; i < Math.min(got.length, wanted.length); i += 1) {
    equal(got[i], wanted[i], `entry ${i}`);
  }
  equal(got.length, wanted.length, 'number of entries');
}

function packageVersion() {
  const path = require.resolve('clarifai-nodejs-grpc');
  return require(path.replace(/src\/index\.js$/, 'package.json')).version;
}

await main();
process.exit();
