// Clarifai's audit log as a plain array: what the server has to answer, worked out the slow way.

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

const read = (name) => JSON.parse(readFileSync(new URL(`../clarifai/${name}`, import.meta.url), 'utf8'));
const EVENTS = read('events.json');
export const CODES = { ...Object.fromEntries(EVENTS.map((e) => [e.name, e.code])), EVENT_TYPE_NOT_SET: 0 };
const DESCRIPTIONS = new Map(EVENTS.map((e) => [e.code, e.description]));
const FOREIGN_MAX = 20; // entries that the set-up of the test wrote itself

export const queries = () => read('queries.json');

export class ClarifaiModel {
  // The imported entries, newest first.
  constructor(path) {
    this.entries = JSON.parse(readFileSync(path, 'utf8'));
    this.newest = this.entries.map((e) => e.timestamp).reduce((a, b) => (a > b ? a : b));
  }

  // A query for what is newer than the model: entries that the set-up of the test wrote.
  after() {
    return { timestamp_from: `${this.newest.slice(0, 19)}.999999Z` };
  }

  // Takes those entries into the list, so that all later comparisons are exact.
  addForeign(entries) {
    if (entries.length > FOREIGN_MAX) throw new Error(`${entries.length} entries besides the model`);
    for (const entry of entries) {
      if (![100, 101, 102].includes(entry.operation) || entry.description !== DESCRIPTIONS.get(entry.operation)) {
        throw new Error(`an entry beside the model: ${JSON.stringify(entry)}`);
      }
    }
    this.entries = [...entries, ...this.entries];
  }

  // All entries that the request asks for, in its order; only those of `owner` if there is one.
  list(request, owner) {
    const found = this.entries.filter((e) => matches(e, request.query ?? {}) && (!owner || e.user?.id === owner));
    return request.sort_ascending ? found.reverse() : found;
  }

  // The entries of the one page that the request asks for.
  page(request, owner) {
    const size = request.pagination?.per_page || 128;
    const first = size * ((request.pagination?.page || 1) - 1);
    return this.list(request, owner).slice(first, first + size);
  }
}

// The same request for one large page.
export const whole = (request) => ({ ...request, pagination: { page: 1, per_page: 1000 } });

function matches(entry, query) {
  const time = microsOf(entry.timestamp);
  if (query.timestamp_from !== undefined && time < microsOf(query.timestamp_from, 999)) return false;
  if (query.timestamp_to !== undefined && time > microsOf(query.timestamp_to)) return false;
  if (query.user_ids?.length && !query.user_ids.includes(entry.user?.id)) return false;
  const operations = (query.operations ?? []).map((o) => CODES[o] ?? o).filter((code) => code !== 0);
  if (operations.length && !operations.includes(entry.operation)) return false;
  const targets = new Set((entry.targets ?? []).map(targetOf));
  if (query.targets?.length && !query.targets.some((t) => targets.has(targetOf(t)))) return false;
  if (query.success !== undefined && entry.success !== query.success) return false;
  const addresses = (query.source_ips ?? []).map(addressOf);
  return !addresses.length || (entry.source_ip !== undefined && addresses.includes(addressOf(entry.source_ip)));
}

function targetOf(target) {
  const [[kind, members]] = Object.entries(target);
  return `${kind} ${members.id}`;
}

// Seconds since 1970, and nanoseconds.
export function partsOf(text) {
  const [, whole, fraction = ''] = text.match(/^(.*?)(?:\.(\d+))?Z$/);
  return { seconds: Date.parse(`${whole}Z`) / 1000, nanos: Number(fraction.padEnd(9, '0')) };
}

function microsOf(text, more = 0) {
  const { seconds, nanos } = partsOf(text);
  return BigInt(seconds) * 1000000n + BigInt(Math.floor((nanos + more) / 1000));
}

// RFC 3339 with as many groups of three digits as it needs.
export function stamp(seconds, nanos) {
  const fraction = String(nanos).padStart(9, '0').replace(/^(.*?)(000)+$/, '$1').replace(/^000000000$/, '');
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${text}${fraction && `.${fraction}`}Z`;
}

// An address as eight numbers (IPv4: as it is), so that all spellings are equal; text that is none is itself.
function addressOf(text) {
  if (isIP(text) !== 6) return text;
  const [head, tail] = text.split('::').map((half) => (half ? half.split(':') : []));
  const groups = tail ? [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail] : head;
  return groups.map((g) => parseInt(g, 16)).join(':');
}

// An entry without its empty members, as it is on gRPC; `kinds` are those that the client knows.
export function lean(value, kinds) {
  if (Array.isArray(value)) return value.map((item) => lean(item, kinds));
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).map(([name, member]) => [name, lean(member, kinds)]);
  const known = (target) => kinds.includes(Object.keys(target)[0]);
  const seen = members.map(([name, member]) =>
    [name, name === 'targets' ? member.map((t) => (known(t) ? t : {})) : member]);
  return Object.fromEntries(seen.filter(([, member]) => !isEmpty(member)));
}

export function isEmpty(value) {
  if (value === null || value === undefined || value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
