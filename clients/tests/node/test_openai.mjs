// OpenAI's JavaScript client against a Docket that holds the model.
//
//   node test_openai.mjs [-v]       variables: see ../README.md

for (const name of Object.keys(process.env)) {
  if (name.startsWith('OPENAI_')) delete process.env[name];
}

const { default: OpenAI } = await import('openai');
const { VERSION } = await import('openai/version');
import { AuditModel, asWritten, canonical, queries } from './audit_model.mjs';
import { among, check, close, equal, holds, notTested, sameList, setting } from './report.mjs';

const URL_MAIN = setting('DOCKET_URL').replace(/\/$/, '');
const TOKEN = setting('DOCKET_TOKEN');
const TOKEN_NO_READ = setting('DOCKET_TOKEN_NO_READ', false);
const URL_LIMITED = setting('DOCKET_URL_LIMITED', false).replace(/\/$/, '');
const OTHER_ID = setting('DOCKET_OTHER_ID', false);
const PATH = '/organization/audit_logs';
const LONGEST_WAIT = 20; // seconds of Retry-After that the test is willing to sit out
const FOREIGN = 1000; // entries besides the model, at most
const MOST_REQUESTS = 2000; // until the limited server has to have said no

const model = new AuditModel(setting('DOCKET_MODEL'));
const SOME = { event_types: ['project.created', 'login.failed', 'invite.sent'] };

// The client, and what it exchanged with the server.
class Door {
  constructor(options = {}) {
    this.exchanges = [];
    const { token = TOKEN, ...others } = options;
    this.client = new OpenAI({
      baseURL: `${URL_MAIN}/v1`,
      apiKey: token,
      adminAPIKey: token,
      maxRetries: 0,
      ...others,
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        this.exchanges.push({ url: String(url), init, response, time: performance.now() });
        return response;
      },
    });
    this.logs = this.client.admin.organization.auditLogs;
  }

  // Every entry that the client's own pagination yields.
  async all(query) {
    const entries = [];
    for await (const entry of this.logs.list(query)) {
      holds(entries.length < model.entries.length + FOREIGN, 'the pages do not end');
      entries.push(entry);
    }
    return entries;
  }

  // One page as the server wrote it.
  async page(query) {
    const response = await this.logs.list(query).asResponse();
    return asWritten(await response.text());
  }
}

async function main() {
  console.log(`openai ${VERSION} (JavaScript), ${model.entries.length} entries`);
  const door = new Door();
  await check('the log holds the model', () => holdsModel(door));
  for (const query of queries().answered) await check(query.name, () => answered(door, query));
  for (const query of queries().refused) await check(`400 ${query.name}`, () => refused(door, query));
  await pagination(door);
  await doors(door);
  await refusals();
  await rateLimit();
  close();
}

// Everything, both kinds, as the client hands it out; and nothing foreign between the entries of
// the model, which the exact comparisons of pages rest on.
async function holdsModel(door) {
  for (const tenant_only of [false, true]) {
    const got = await door.all({ tenant_only, limit: 100 });
    sameEntries(got.filter(ofModel), model.list({ tenant_only }));
    const old = got.find((e) => !ofModel(e) && e.effective_at <= model.lastSecond);
    holds(!old, `not of the model, but as old: ${JSON.stringify(old)}`);
  }
}

async function answered(door, { name, query, empty = false }) {
  const wanted = model.list(query);
  equal(wanted.length === 0, empty, `${name}: model.json and queries.json disagree: empty`);
  const got = await door.all({ ...query, limit: 100 });
  sameEntries(got.filter(ofModel), wanted);
  await samePage(door, model.bounded(query));
}

async function refused(door, { query, code, param }) {
  await fails(() => door.logs.list(query), OpenAI.BadRequestError, 400, { code, param });
}

async function pagination(door) {
  const plans = [[1, SOME], [3, {}], [7, {}], [100, {}], [7, { tenant_only: true }], [20, { order: 'asc' }],
    [3, { ...SOME, order: 'asc' }], [100, { order: 'desc' }]];
  for (const [limit, query] of plans) {
    await check(`pages of ${limit} of ${JSON.stringify(query)}`, () => walk(door, { ...query, limit }));
  }
  for (const order of ['desc', 'asc']) {
    await check(`pages without limit, ${order}`, () => walk(door, { order }));
    await check(`one page, ${order}`, () => samePage(door, model.bounded({ order })));
    await check(`behind the very last entry, ${order}`, () => behindTheLast(door, order));
  }
  await check("a collector's cursor", () => collector(door));
  await check('getNextPage and iterPages', () => byHand(door));
  await check('null spellings', () => nulls(door));
  for (const [place, anchor] of Object.entries(model.anchors())) {
    for (const query of [{}, { tenant_only: true }, SOME, { order: 'asc' }]) {
      const name = `${place}, ${JSON.stringify(query)}`;
      await check(`after ${name}`, () => around(door, { ...query, after: anchor }));
      await check(`before ${name}`, () => around(door, { ...query, before: anchor }));
    }
    await check(`client pages before ${place}`, () => walkBefore(door, anchor));
  }
  await between(door);
}

// The client's pagination: the same entries, and no request more than needed.
async function walk(door, asked) {
  const query = model.bounded(asked);
  const wanted = model.list(query);
  const before = door.exchanges.length;
  sameEntries(await door.all(query), wanted);
  equal(door.exchanges.length - before, Math.max(1, Math.ceil(wanted.length / (query.limit ?? 20))), 'requests');
}

async function around(door, query) {
  for (const limit of [1, 3, 100]) await samePage(door, { ...model.bounded(query), limit });
  await samePage(door, model.bounded(query));
}

// The client keeps `before` and adds `after`: that ends after one page more at most.
async function walkBefore(door, anchor) {
  const query = { ...model.bounded({}), before: anchor, limit: 3 };
  const [places, more] = model.page(query);
  const before = door.exchanges.length;
  sameEntries(await door.all(query), places);
  equal(door.exchanges.length - before, more ? 2 : 1, 'requests');
}

async function between(door) {
  const order = model.ids(model.sequence());
  const pairs = {
    'far apart': [order[10], order.at(-10)],
    near: [order[100], order[104]],
    neighbours: [order[50], order[51]],
    'the same': [order[50], order[50]],
    crossed: [order[80], order[20]],
    'both ends': [order[0], order.at(-1)],
  };
  for (const [name, [after, before]] of Object.entries(pairs)) {
    for (const query of [{}, { tenant_only: true }, { order: 'asc' }]) {
      await check(`between ${name}, ${JSON.stringify(query)}`, () => around(door, { ...query, after, before }));
    }
  }
}

async function behindTheLast(door, order) {
  const after = model.ids(model.sequence(order)).at(-1);
  const empty = { object: 'list', data: [], first_id: null, last_id: null, has_more: false };
  equal(await door.page({ ...model.bounded({}), order, after }), empty);
}

// Keeps `last_id` for ever and asks again, without bounds: sees each entry once, in the order in
// which they were appended.
async function collector(door) {
  const got = [];
  let cursor;
  for (let turn = 0; turn < model.entries.length + FOREIGN; turn += 1) {
    const page = await door.page({ order: 'asc', limit: 7, ...(cursor && { after: cursor }) });
    shape(page, 7);
    if (page.data.length === 0) break;
    cursor = page.last_id;
    got.push(...page.data.filter(ofModel));
  }
  sameList(got, model.list({ order: 'asc' }).map((i) => model.written[i]), canonical);
  equal((await door.page({ order: 'asc', after: cursor })).data, [], 'asked again');
}

async function byHand(door) {
  const query = { ...model.bounded(SOME), limit: 7 };
  const got = [];
  let page = await door.logs.list(query);
  for (;;) {
    got.push(...page.data);
    if (!page.hasNextPage()) break;
    page = await page.getNextPage();
  }
  sameEntries(got, model.list(query));
  const pages = [];
  for await (const each of (await door.logs.list(query)).iterPages()) pages.push(each.data.length);
  equal(pages.reduce((a, b) => a + b, 0), got.length, 'iterPages');
}

// This client sends null as an empty value: `before=`, `limit=`.
async function nulls(door) {
  const query = model.bounded(SOME);
  const wanted = model.answer(query);
  const spellings = [{ before: null }, { limit: null }, { after: null, before: null, limit: null },
    { tenant_only: null, order: null }, { project_ids: [], actor_ids: [''] }];
  for (const nothing of spellings) {
    equal(await door.page({ ...query, ...nothing }), wanted, JSON.stringify(nothing));
  }
  holds(door.exchanges.some((e) => /[?&]before=(&|$)/.test(e.url)), 'the client no longer sends before=');
  holds(door.exchanges.some((e) => /[?&]limit=(&|$)/.test(e.url)), 'the client no longer sends limit=');
}

// Bases, headers and parameters that must not change the answer.
async function doors(door) {
  for (const baseURL of [`${URL_MAIN}/v1/`, URL_MAIN, `${URL_MAIN}/`]) {
    await check(`base ${baseURL}`, () => samePage(new Door({ baseURL }), model.bounded({})));
  }
  const project = new Door({ project: 'proj_none' });
  await check('OpenAI-Project is ignored', () => samePage(project, model.bounded({})));
  await check('unknown parameters are ignored', async () => {
    const unknown = { sort: 'up', expand: ['a', 'b'], nested: { a: 1 } };
    equal(await door.page({ ...model.bounded({}), ...unknown }), model.answer(model.bounded({})));
  });
  await check('x-request-id', async () => {
    const { request_id } = await door.logs.list({ limit: 1 }).withResponse();
    holds(request_id, 'the page has no request id');
    const ids = door.exchanges.map((e) => e.response.headers.get('x-request-id'));
    holds(ids.every(Boolean), 'an answer has no x-request-id');
    equal(new Set(ids).size, ids.length, 'different request ids');
    const kinds = new Set(door.exchanges.map((e) => e.response.headers.get('content-type')?.split(';')[0]));
    equal([...kinds], ['application/json'], 'content types');
  });
}

async function refusals() {
  const denied = OpenAI.AuthenticationError;
  const unknown = `sk-admin-${'wrong'.repeat(6)}`;
  const door = new Door();
  await check('401 without key', () =>
    fails(() => door.logs.list({}, { headers: { Authorization: null } }), denied, 401));
  await check('401 wrong key', () =>
    fails(() => new Door({ token: unknown }).logs.list(), denied, 401, { code: ['invalid_api_key'], secret: unknown }));
  await check('401 organization of somebody else', () =>
    fails(() => new Door({ organization: 'org_other' }).logs.list(), denied, 401, { code: ['mismatched_organization'] }));
  await check('404 unknown path', () =>
    fails(() => door.client.get('/organization/audit_log'), OpenAI.NotFoundError, 404));
  for (const method of ['post', 'put', 'patch', 'delete']) {
    await check(`405 ${method}`, () =>
      fails(() => door.client[method](PATH), OpenAI.APIError, 405, { code: ['method_not_supported'] }));
  }
  if (OTHER_ID) await check('cursor of another organization', () => foreignCursor(door));
  else notTested('cursor of another organization', 'DOCKET_OTHER_ID is not set');
  if (TOKEN_NO_READ) await check('403', noPermission);
  else notTested('403', 'DOCKET_TOKEN_NO_READ is not set');
}

async function noPermission() {
  const door = new Door({ token: TOKEN_NO_READ });
  for (const query of [undefined, { limit: 1, tenant_only: true }, { after: 'audit_log-none' }]) {
    const error = await fails(() => door.logs.list(query), OpenAI.PermissionDeniedError, 403);
    holds(error.message.includes('api.audit_logs.read'), `names no scope: ${error.message}`);
  }
}

// The same words for an entry of another organization and for one that never was.
async function foreignCursor(door) {
  for (const name of ['after', 'before']) {
    const texts = [];
    for (const cursor of [OTHER_ID, 'x'.repeat(OTHER_ID.length)]) {
      const code = ['invalid_value', 'invalid_type'];
      const error = await fails(() => door.logs.list({ [name]: cursor }), OpenAI.BadRequestError, 400, { code, param: [name] });
      texts.push(JSON.stringify(error.error).replaceAll(cursor, 'CURSOR'));
    }
    equal(texts[0], texts[1], 'answer to the cursor of another organization');
  }
}

async function rateLimit() {
  if (!URL_LIMITED) return notTested('429 and retries', 'DOCKET_URL_LIMITED is not set');
  await check('429', limited);
  await check('429 is tried again', triesAgain);
}

const LIMITED = { type: 'requests', code: ['rate_limit_exceeded'] };

async function limited() {
  const door = new Door({ baseURL: `${URL_LIMITED}/v1` });
  for (let turn = 0; turn < MOST_REQUESTS; turn += 1) {
    const error = await door.logs.list({ limit: 1 }).then(() => null, (e) => e);
    if (error === null) continue;
    await fails(() => Promise.reject(error), OpenAI.RateLimitError, 429, LIMITED);
    const wait = error.headers.get('retry-after');
    holds(/^\d+$/.test(wait) && wait >= 1 && wait <= 60, `Retry-After: ${wait}`);
    return;
  }
  throw new Error(`${MOST_REQUESTS} requests and no 429`);
}

// The client waits as told and counts its attempts; in the end it has a page or the error.
async function triesAgain() {
  const door = new Door({ baseURL: `${URL_LIMITED}/v1`, maxRetries: 2 });
  for (let turn = 0; turn < MOST_REQUESTS; turn += 1) {
    const first = door.exchanges.length;
    const error = await door.logs.list({ limit: 1 }).then(() => null, (e) => e);
    const attempts = door.exchanges.slice(first);
    if (attempts[0].response.status !== 429) continue;
    if (error) await fails(() => Promise.reject(error), OpenAI.RateLimitError, 429, LIMITED);
    const counts = attempts.map((a) => new Headers(a.init.headers).get('x-stainless-retry-count'));
    equal(counts, attempts.map((_, i) => String(i)), 'retry counts');
    holds(attempts.length === 3 || (attempts.length === 2 && !error), `${attempts.length} attempts`);
    attempts.slice(1).forEach((attempt, i) => {
      const wait = Number(attempts[i].response.headers.get('retry-after'));
      const waited = (attempt.time - attempts[i].time) / 1000;
      holds(wait <= LONGEST_WAIT, `Retry-After: ${wait} is too long for this test`);
      holds(waited >= wait * 0.95, `came back after ${waited} s of ${wait}`);
    });
    return;
  }
  throw new Error(`${MOST_REQUESTS} requests and no 429`);
}

async function fails(call, kind, status, { type = 'invalid_request_error', code = [null], param = [null], secret } = {}) {
  const error = await call().then(() => null, (e) => e);
  holds(error instanceof kind, `wanted ${kind.name}, got ${error}`);
  equal(error.status, status, 'status');
  equal(error.type, type, 'type');
  among(error.code, code, 'code');
  among(error.param, param, 'param');
  holds(error.requestID, 'the error has no request id');
  equal(Object.keys(error.error).sort(), ['code', 'message', 'param', 'type'], 'members of the error');
  holds(error.error.message, 'the message is empty');
  holds(error.headers.get('content-type').split(';')[0] === 'application/json', 'content type');
  holds(!secret || !JSON.stringify(error.error).includes(secret), 'the message holds the key');
  return error;
}

async function samePage(door, query) {
  const { data: got, ...envelope } = await door.page(query);
  const { data: wanted, ...wantedEnvelope } = model.answer(query);
  sameList(got, wanted, canonical);
  equal(envelope, wantedEnvelope, `page of ${JSON.stringify(query)}`);
}

function sameEntries(got, places) {
  sameList(got, places.map((i) => model.entries[i]), canonical);
}

function shape(page, limit) {
  const ids = page.data.map((e) => e.id);
  holds(ids.length <= limit, 'more entries than asked for');
  equal(page.object, 'list', 'object');
  equal([page.first_id, page.last_id], [ids.at(0) ?? null, ids.at(-1) ?? null], 'first_id, last_id');
  holds(page.has_more === false || (page.has_more === true && ids.length > 0), 'has_more');
}

function ofModel(entry) {
  return model.place.has(entry.id);
}

await main();
