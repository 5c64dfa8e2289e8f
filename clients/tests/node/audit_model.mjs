// The audit log as a plain array: what the server has to answer, worked out the slow way.

import { readFileSync } from 'node:fs';

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const TARGETS = new Map(JSON.parse(read('types.json')).map((t) => [t.type, t.targets]));
const OLD_NAMES = new Map([
  ['checkpoint_permission.created', 'checkpoint.permission.created'],
  ['checkpoint_permission.deleted', 'checkpoint.permission.deleted'],
]);
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

export const queries = () => JSON.parse(read('queries.json'));

// Parses JSON with numbers kept as they were written: as strings with a mark in front.
export function asWritten(text) {
  return JSON.parse(text.replace(STRING_OR_NUMBER, (m) => (m[0] === '"' ? m : `"\ue000${m}"`)));
}

// Text that is equal for equal JSON only, whatever the order of members.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((k) => `${JSON.stringify(k)}:${canonical(value[k])}`).join()}}`;
}

export class AuditModel {
  constructor(path) {
    const text = readFileSync(path, 'utf8');
    this.entries = JSON.parse(text); // numbers as a client sees them
    this.written = asWritten(text); // numbers as they were imported
    this.place = new Map(this.entries.map((e, i) => [e.id, i]));
    this.lastSecond = this.entries.reduce((most, e) => Math.max(most, e.effective_at), 0);
    if (this.place.size !== this.entries.length) throw new Error('the ids of the model are not unique');
  }

  // The query without anything that is newer than the model: entries which the set-up of the test
  // wrote. Pages can then be compared exactly.
  bounded(query) {
    const times = { ...query.effective_at };
    times.lte = Math.min(times.lte ?? this.lastSecond, this.lastSecond);
    return { ...query, effective_at: times };
  }

  // Places of all matching entries, in the order of the answer.
  list(query) {
    return this.sequence(query.order).filter((i) => matches(this.entries[i], query));
  }

  sequence(order) {
    const places = this.entries.map((_, i) => i);
    const time = (i) => this.entries[i].effective_at;
    return order === 'asc' ? places : places.sort((a, b) => time(b) - time(a) || b - a);
  }

  // Places of the entries of one page, and whether there are more.
  page(query) {
    const sequence = this.sequence(query.order);
    const at = (id) => sequence.indexOf(this.place.get(id));
    const begin = query.after ? at(query.after) + 1 : 0;
    const end = query.before ? at(query.before) : sequence.length;
    const found = sequence.slice(begin, Math.max(begin, end)).filter((i) => matches(this.entries[i], query));
    const limit = query.limit || 20;
    const backwards = query.before && !query.after;
    return [backwards ? found.slice(-limit) : found.slice(0, limit), found.length > limit];
  }

  // The page as the server has to print it.
  answer(query) {
    const [places, more] = this.page(query);
    const ids = this.ids(places);
    return {
      object: 'list',
      data: places.map((i) => this.written[i]),
      first_id: ids.at(0) ?? null,
      last_id: ids.at(-1) ?? null,
      has_more: more,
    };
  }

  ids(places) {
    return places.map((i) => this.entries[i].id);
  }

  // Ids worth standing at: both ends, inside and at the borders of the longest second, an entry
  // that a plain list does not show, and one that came late.
  anchors() {
    const order = this.ids(this.sequence());
    const seconds = new Map();
    for (const id of order) {
      const second = this.entries[this.place.get(id)].effective_at;
      seconds.set(second, [...(seconds.get(second) ?? []), id]);
    }
    const run = [...seconds.values()].sort((a, b) => b.length - a.length)[0];
    const late = this.entries.find((e, i) => i && e.effective_at > 1 && e.effective_at < this.entries[i - 1].effective_at);
    return {
      'the newest': order[0],
      'the second': order[1],
      'the first of a second': run[0],
      'inside a second': run[run.length >> 1],
      'the last of a second': run.at(-1),
      'a late one': late.id,
      'a hidden one': this.entries.findLast((e) => isTenantScoped(e.type)).id,
      'the last but one': order.at(-2),
      'the oldest': order.at(-1),
      'the first appended': this.entries[0].id,
      'the last appended': this.entries.at(-1).id,
    };
  }
}

export function matches(entry, query) {
  if (isTenantScoped(entry.type) !== Boolean(query.tenant_only)) return false;
  const time = entry.effective_at;
  const { gt, gte, lt, lte } = query.effective_at ?? {};
  if (gt !== undefined && time <= gt) return false;
  if (gte !== undefined && time < gte) return false;
  if (lt !== undefined && time >= lt) return false;
  if (lte !== undefined && time > lte) return false;
  const { session, api_key } = entry.actor ?? {};
  const actors = [session?.user?.id, api_key?.user?.id, api_key?.service_account?.id, api_key?.id];
  const emails = [session?.user?.email, api_key?.user?.email].map(lower);
  return (
    any(query.project_ids, [entry.project?.id]) &&
    any(query.event_types?.map((t) => OLD_NAMES.get(t) ?? t), [entry.type]) &&
    any(query.actor_ids, actors) &&
    any(query.actor_emails?.map(lower), emails) &&
    any(query.resource_ids, targetIds(entry))
  );
}

function any(asked, values) {
  return !asked?.length || values.some((v) => v != null && asked.includes(v));
}

function isTenantScoped(type) {
  return /^tenant\./.test(type) || type === 'role.bound_to_resource' || type === 'role.unbound_from_resource';
}

function lower(text) {
  return text?.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function targetIds(entry) {
  const follow = (value, [step, ...rest]) => {
    if (step === undefined) return [value];
    const next = value?.[step.replace('[]', '')];
    return step.endsWith('[]') ? (next ?? []).flatMap((v) => follow(v, rest)) : follow(next, rest);
  };
  return (TARGETS.get(entry.type) ?? []).flatMap((path) => follow(entry[entry.type], path.split('.')));
}
