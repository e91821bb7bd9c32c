// Times of the hall, as pages write them.

import assert from "node:assert/strict";
import { test } from "node:test";

const made = [];
Intl.DateTimeFormat = class extends Intl.DateTimeFormat {
  constructor(...how) {
    super(...how);
    made.push(how);
  }
};
globalThis.document = { documentElement: { dataset: { zone: "Asia/Shanghai" } } };
const { formatOf, hm } = await import("../../../../kiosk/web/static/shared/api.js");

test("a format of times is made once for each zone, language and parts", () => {
  const noon = new Date("2026-11-23T12:00:00Z");
  assert.deepEqual([hm(noon), hm(noon), hm(noon)], ["20:00", "20:00", "20:00"]);
  assert.equal(made.length, 1);
  globalThis.document.documentElement.dataset.zone = "Asia/Urumqi";
  assert.deepEqual([hm(noon), hm(noon)], ["18:00", "18:00"]);
  assert.equal(made.length, 2);
  const day = { month: "short", day: "numeric" };
  assert.deepEqual([formatOf("en-GB", day).format(noon), formatOf("en-GB", { ...day, timeZone: "UTC" }).format(noon)], ["23 Nov", "23 Nov"]);
  assert.equal(formatOf("en-GB", { ...day }), formatOf("en-GB", day));
  assert.equal(made.length, 4);
});
