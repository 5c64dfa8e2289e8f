// Counts cases, prints what failed, and ends with one line that says how many.

import { isDeepStrictEqual, inspect } from 'node:util';

const LONGEST = 2000; // characters of one failure
const verbose = process.argv.includes('-v');
let passed = 0;
let failed = 0;

export async function check(name, run) {
  try {
    await run();
    passed += 1;
    if (verbose) console.log(`ok    ${name}`);
  } catch (error) {
    failed += 1;
    const where = error.stack?.match(/[\w.]+\.mjs:\d+/g)?.find((w) => !w.startsWith('report')) ?? '';
    console.log(`FAIL  ${name}\n      ${String(error).slice(0, LONGEST)}\n      ${where}`);
  }
}

export function notTested(what, why) {
  console.log(`NOT TESTED  ${what}: ${why}`);
}

// Adds what another program counted.
export function include(more, moreFailed) {
  passed += more;
  failed += moreFailed;
}

export function close() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed || !passed ? 1 : 0;
}

export function equal(got, wanted, what = 'value') {
  if (!isDeepStrictEqual(got, wanted)) {
    throw new Error(`${what}: got ${inspect(got)}, wanted ${inspect(wanted)}`);
  }
}

export function among(got, wanted, what) {
  if (!wanted.includes(got)) throw new Error(`${what}: got ${inspect(got)}, wanted one of ${inspect(wanted)}`);
}

export function holds(condition, what) {
  if (!condition) throw new Error(what);
}

// Compares two lists of entries by `text`, and points at the first difference.
export function sameList(got, wanted, text) {
  for (let i = 0; i < Math.min(got.length, wanted.length); i += 1) {
    const [one, other] = [text(got[i]), text(wanted[i])];
    if (one !== other) throw new Error(`entry ${i}: got ${one}, wanted ${other}`);
  }
  if (got.length !== wanted.length) {
    const minus = (some, others) => some.map((e) => e.id).filter((id) => !others.some((e) => e.id === id)).slice(0, 5);
    throw new Error(
      `got ${got.length} entries, wanted ${wanted.length}; ` +
        `missing ${minus(wanted, got)}, too many ${minus(got, wanted)}`,
    );
  }
}

export function setting(name, needed = true) {
  const value = process.env[name] ?? '';
  if (needed && !value) {
    console.error(`${name} is not set; README.md names the variables`);
    process.exit(2);
  }
  return value;
}
