import assert from "node:assert/strict";
import { test } from "node:test";

import { addDays, lastYear, presetDays } from "../../../../kiosk/web/static/manage/days.js";
import { fit, gather, layOut, layOutCurve } from "../../../../kiosk/web/static/manage/plots.js";

test("the longest bar or line fills the room, the others are in proportion", () => {
  const rows = layOut([
    { name: "a", value: 10, upTo: 40, figure: "10 – 40" }, { name: "b", value: 20, upTo: 20, figure: "" }, { name: "c", value: 0, figure: "0" },
  ]);
  assert.equal(rows[0].line, 560 - 150 - 104);
  assert.equal(rows[0].bar, rows[0].line / 4);
  assert.equal(rows[1].bar, rows[0].line / 2);
  assert.deepEqual([rows[2].bar, rows[2].line], [0, null]);
});

test("what has no value is not drawn, and nothing but zeros is drawn without dividing by zero", () => {
  assert.deepEqual(layOut([{ name: "a", value: null, figure: "" }]), []);
  assert.equal(layOut([{ name: "a", value: 0, figure: "0" }])[0].bar, 0);
});

test("a name is cut where it would run into the bars; a Chinese character is as wide as two letters", () => {
  assert.equal(fit("Business licence"), "Business licence");
  assert.equal(fit("营业执照五证合一办理"), "营业执照五证合一办…");
  assert.equal(fit("营业执照五证合一办"), "营业执照五证合一办");
});

test("a day's curve breaks where there was no reading, and has room above and below", () => {
  const laid = layOutCurve([{ at: 0, value: 25 }, { at: 6, value: null }, { at: 12, value: 26 }, { at: 18, value: 27 }], 0, 24);
  assert.ok(laid);
  assert.deepEqual([laid.low, laid.high], [24, 28]);
  assert.equal(laid.x(24), 560);
  assert.match(laid.path, /^M44\.0 \S+h0M302\.0 \S+h0L431\.0 \S+$/);
  assert.ok(laid.y(27) < laid.y(25));
});

test("without any reading there is no curve", () => {
  assert.equal(layOutCurve([{ at: 0, value: null }], 0, 24), null);
  assert.equal(layOutCurve([], 0, 24), null);
});

test("waits are gathered into at most twenty columns, the longest into one more", () => {
  const { width, counts } = gather([[0, 15, 50], [45, 60, 30], [600, 630, 119], [7200, 7800, 1]]);
  assert.equal(width, 60);
  assert.equal(counts.length, 12);
  assert.deepEqual([counts[0], counts[10], counts[11]], [80, 119, 1]);
  assert.deepEqual(gather([]).counts, [0, 0]);
  assert.equal(gather([[86400, 86401, 5]]).counts.reduce((sum, one) => sum + one), 5);
});

test("days have names", () => {
  assert.deepEqual(presetDays("week", "2026-11-29"), ["2026-11-23", "2026-11-29"]);
  assert.deepEqual(presetDays("last-week", "2026-11-30"), ["2026-11-23", "2026-11-29"]);
  assert.deepEqual(presetDays("last-month", "2026-03-31"), ["2026-02-01", "2026-02-28"]);
  assert.deepEqual(presetDays("last-year", "2026-03-31"), ["2025-01-01", "2025-12-31"]);
  assert.equal(presetDays("own", "2026-03-31"), null);
  assert.equal(addDays("2026-03-01", -1), "2026-02-28");
  assert.equal(lastYear("2028-02-29"), "2027-02-28");
});
