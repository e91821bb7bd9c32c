import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";

import { Problem, wordsOf } from "../../../../kiosk/web/static/shared/api.js";
import { retryKey } from "../../../../kiosk/web/static/shared/press.js";

globalThis.crypto ??= webcrypto;  // Node 18 keeps it in the module alone

test("a key is repeated while it is not known whether the thing was done", () => {
  const key = retryKey(() => null);
  const first = key.next();
  assert.match(first, /^[0-9a-f]{32}$/);
  for (const unknown of [Problem.offline(), new Problem(502, {}), new Problem(200, {}), new Problem(0, { code: "aborted" })]) {
    key.failed(unknown);
    assert.equal(key.next(), first);
  }
});

test("what was done, and what was refused, is asked for anew", () => {
  const key = retryKey(() => null);
  const first = key.next();
  key.done();
  const second = key.next();
  key.failed(new Problem(409, { code: "already_waiting" }));
  assert.equal(new Set([first, second, key.next()]).size, 3);
});

test("a key is never sent for another person", () => {
  let person = {};
  const key = retryKey(() => person);
  const first = key.next();
  key.failed(Problem.offline());
  person = {};
  assert.notEqual(key.next(), first);
});

test("an error has words in both languages, whatever came in the place of an answer", (t) => {
  t.mock.method(console, "error", () => {});
  for (const body of [{}, { detail: { why: 1 }, title: 5, detail_en: null }, [], "text", 7]) {
    const [zh, en] = wordsOf(new Problem(502, body));
    assert.match(zh, /请稍后再试/);
    assert.match(en, /try again/);
  }
  assert.match(wordsOf(new TypeError("x is undefined"))[0], /请稍后再试/);
  assert.deepEqual(wordsOf(new Problem(409, { detail: "已有号码", detail_en: "There is one" })), ["已有号码", "There is one"]);
});
