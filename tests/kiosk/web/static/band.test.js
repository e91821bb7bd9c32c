import assert from "node:assert/strict";
import { test } from "node:test";

import { callBand, markOf, PAGE, TURN } from "../../../../kiosk/web/static/screen/band.js";

const AT = "2026-11-23T09:30:15.678+08:00";
const LATER = "2026-11-23T09:36:00.000+08:00";
const call = (number, recalls = 0, state = "called", at = AT) => ({ number, recalls, state, called_at: at, window_name: "1号窗口" });
const [A, B, C, D, E] = ["A001", "B001", "C001", "D001", "E001"].map((number) => call(number));
/** So many calls, newest first. */
const calls = (count) => Array.from({ length: count }, (_, at) => call(`A${String(count - at).padStart(3, "0")}`));

test("the mark of a call is the one that the server writes into the page", () => {
  assert.equal(markOf(call("A001", 2)), `A001/${Date.parse("2026-11-23T09:30:15+08:00") / 1000}/2`);
});

test("calls that stood in the page already are no news", () => {
  const band = callBand([markOf(B), markOf(A)]);
  band.take([B, A], AT);
  assert.equal(band.turn(0), "other");
  assert.equal(band.call, B);
  assert.deepEqual(band.rows, { calls: [A], many: false, page: 1, pages: 1 });
  assert.equal(band.turn(1), "same");
});

test("few calls of one moment get the band one after another, each for six seconds", () => {
  const band = callBand([]);
  band.take([B, A], AT);
  assert.equal(band.turn(0), "new");
  assert.equal(band.call, A);
  assert.equal(band.turn(5999), "same");
  assert.equal(band.turn(6000), "new");
  assert.equal(band.call, B);
});

test("more calls share the band, each long enough to be read", () => {
  const band = callBand([]);
  band.take(calls(12), AT);
  const shown = [];
  for (let at = 0; at < 60_000; at += 250) if (band.turn(at) === "new") shown.push([band.call.number, at]);
  assert.deepEqual(shown.map(([number]) => number), calls(12).map(({ number }) => number).reverse());
  for (let next = 1; next < shown.length; next += 1) assert.ok(shown[next][1] - shown[next - 1][1] >= 1500);
});

test("a recall takes the band again", () => {
  const band = callBand([]);
  band.take([A], AT);
  band.turn(0);
  band.take([call("A001", 1)], AT);
  assert.equal(band.turn(6000), "new");
});

test("a call that is over leaves the band at once, and its turn is dropped", () => {
  const band = callBand([]);
  band.take([B, A], AT);
  band.turn(0);
  band.take([], AT);
  assert.equal(band.turn(1), "other");
  assert.equal(band.call, null);
});

test("of a few, who is called stands before who is at a window already", () => {
  const band = callBand([]);
  const served = Array.from({ length: 6 }, (_, at) => call(`S00${at}`, 0, "serving"));
  band.take([...served, E, D, C, B, A], AT);
  band.turn(0);
  assert.deepEqual(band.rows.calls.map(({ number }) => number), ["S000", "E001", "D001", "C001", "B001"], "in the order of the board");
});

test("up to a page of calls stand there all the time, in two columns", () => {
  const band = callBand([]);
  band.take([...calls(PAGE), call("Z001", 0, "over")], AT);
  for (let at = 0; at < 60_000; at += 1000) {
    band.turn(at);
    assert.deepEqual(band.rows, { calls: calls(PAGE), many: true, page: 1, pages: 1 });
  }
});

test("more than a page of calls turn page by page, and what is over fills the last one", () => {
  const band = callBand([]);
  const over = call("Z001", 0, "over");
  band.take([over, ...calls(PAGE + 3)], AT);
  const pages = [0, 1, 2].map((turned) => {
    band.turn(turned * TURN);
    return band.rows;
  });
  assert.deepEqual(pages.map(({ page }) => page), [1, 2, 1]);
  assert.deepEqual(pages[1].calls, [...calls(PAGE + 3).slice(PAGE), over]);
  band.take(calls(PAGE), AT);
  band.turn(TURN);
  assert.equal(band.rows.page, 1);
});

test("a call that was answered already when a screen hears of it is no news, nor is one that waits for the band and is answered", () => {
  const band = callBand([]);
  band.take([call("S001", 0, "serving"), call("O001", 0, "over")], AT);
  assert.equal(band.turn(0), "other");
  band.take([B, A], AT);
  assert.equal(band.turn(1), "new");
  band.take([call("B001", 0, "serving"), A], AT);
  assert.equal(band.turn(6001), "other");
  assert.equal(band.turn(12_001), "same");
});

test("what was called long ago and is told late stands in the rows, and is no news; a recall is", () => {
  const band = callBand([]);
  band.take([C], AT);
  band.turn(0);
  band.take([C, B, A], LATER);
  assert.equal(band.turn(6000), "same");
  assert.deepEqual(band.rows.calls, [B, A]);
  band.take([C, B, call("A001", 1)], LATER);
  assert.equal(band.turn(6001), "new");
  band.take([C, B, call("A001", 1), call("D001", 2)], LATER);
  assert.equal(band.turn(12_001), "other", "recalled by a box that was cut off: nobody here heard the call");
});

test("a recall of a call that stood in the page as it came is news", () => {
  const band = callBand([markOf(A)]);
  band.take([call("A001", 1)], LATER);
  assert.equal(band.turn(0), "new");
});
