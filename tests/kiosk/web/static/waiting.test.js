import assert from "node:assert/strict";
import { test } from "node:test";

import { waitingColumn } from "../../../../kiosk/web/static/screen/waiting.js";

const services = (count, waiting) => Array.from({ length: count }, (_, at) => ({ service: `s${at}`, name: `业务${at}`, count: waiting(at) }));

test("a few services are all there, also those that nobody waits for", () => {
  const column = waitingColumn();
  column.take(services(12, (at) => at % 2));
  assert.equal(column.turn(0), false);
  assert.deepEqual([column.counts.lines.length, column.counts.pages, column.counts.total], [12, 1, 6]);
});

test("of many those that somebody waits for, eight at a time", () => {
  const column = waitingColumn();
  column.take(services(61, (at) => (at < 20 ? 3 : 0)));
  const seen = [];
  for (let at = 0; at <= 30_000; at += 1000) {
    if (column.turn(at)) seen.push([at, column.counts.page, column.counts.lines.length]);
  }
  assert.deepEqual(seen.map(([at]) => at), [0, 10_000, 20_000, 30_000]);
  assert.deepEqual(seen.map(([, page, lines]) => [page, lines]), [[1, 8], [2, 8], [3, 4], [1, 8]]);
  assert.equal(column.counts.total, 60);
  column.take(services(61, (at) => (at < 2 ? 3 : 0)));
  assert.deepEqual([column.counts.lines.length, column.counts.pages], [2, 1]);
});
