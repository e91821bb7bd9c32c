// When a page is dark, by the hours that it heard of last.

import assert from "node:assert/strict";
import { test } from "node:test";

import { isLit } from "../../../../kiosk/web/static/shared/night.js";

const at = (/** @type {string} */ time) => new Date(`2026-11-23T${time}:00+08:00`);

test("a page that heard of no hours is lit", () => {
  assert.equal(isLit(null, at("03:00")), true);
});

test("a dark page lights itself when the hall opens, also while nobody answers", () => {
  const hours = { open: false, opens: null, lit: false, lit_at: "2026-11-23T08:30:00+08:00" };
  assert.deepEqual(["03:00", "08:29", "08:30", "12:00"].map((time) => isLit(hours, at(time))), [false, false, true, true]);
  assert.equal(isLit({ ...hours, lit_at: null }, at("12:00")), false);
  assert.equal(isLit({ ...hours, lit: true, lit_at: null }, at("03:00")), true);
});
