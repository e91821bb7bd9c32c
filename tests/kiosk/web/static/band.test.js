import assert from "node:assert/strict";
import { test } from "node:test";

import { callBand, markOf } from "../../../../kiosk/web/static/screen/band.js";

const call = (number, recalls = 0) => ({ number, recalls, called_at: "2026-11-23T09:30:15.678+08:00", window_name: "1号窗口" });
const [A, B, C, D, E] = ["A001", "B001", "C001", "D001", "E001"].map((number) => call(number));

test("the mark of a call is the one that the server writes into the page", () => {
  assert.equal(markOf(call("A001", 2)), `A001/${Date.parse("2026-11-23T09:30:15+08:00") / 1000}/2`);
});

test("calls that stood in the page already are no news", () => {
  const band = callBand([markOf(B), markOf(A)]);
  band.take([B, A]);
  assert.equal(band.turn(0), "other");
  assert.equal(band.call, B);
  assert.deepEqual(band.others, [A]);
  assert.equal(band.turn(1), "same");
});

test("calls of one moment get the band one after another, each for six seconds", () => {
  const band = callBand([]);
  band.take([B, A]);
  assert.equal(band.turn(0), "new");
  assert.equal(band.call, A);
  assert.equal(band.turn(5999), "same");
  assert.equal(band.turn(6000), "new");
  assert.equal(band.call, B);
});

test("a recall takes the band again", () => {
  const band = callBand([]);
  band.take([A]);
  band.turn(0);
  band.take([call("A001", 1)]);
  assert.equal(band.turn(6000), "new");
});

test("a call that is over leaves the band at once, and its turn is dropped", () => {
  const band = callBand([]);
  band.take([B, A]);
  band.turn(0);
  band.take([]);
  assert.equal(band.turn(1), "other");
  assert.equal(band.call, null);
});

test("after a long cut only the last three are news", () => {
  const band = callBand([]);
  band.take([E, D, C, B, A]);
  const shown = [0, 6000, 12000, 18000].map((at) => band.turn(at) && band.call?.number);
  assert.deepEqual(shown, ["C001", "D001", "E001", "E001"]);
});
