import assert from "node:assert/strict";
import { test } from "node:test";

import { captionIn, sentenceOf } from "../../../../kiosk/web/static/screen/caption.js";

const CALL = { number: "A001", window: "3", window_name: "3号窗口" };

/** What the caption needs of the page. */
function page() {
  const lines = [{ textContent: "" }, { textContent: "" }];
  const classes = new Set();
  const around = { classList: { toggle: (name, on) => (on ? classes.add(name) : classes.delete(name)) } };
  return { lines, classes, caption: captionIn({ children: lines }, around) };
}

test("a call is a sentence in both languages", () => {
  assert.deepEqual(sentenceOf(CALL), ["A001号，请到3号窗口", "A001, please go to window 3"]);
  assert.equal(sentenceOf({ ...CALL, window_name: "12" })[0], "A001号，请到12号窗口");
  assert.equal(sentenceOf({ ...CALL, window_name: "综合窗口" })[0], "A001号，请到综合窗口");
});

test("a caption stays for as long as its call is said, and a new one begins anew", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { lines, classes, caption } = page();
  caption.show(CALL);
  assert.equal(lines[1].textContent, "A001, please go to window 3");
  context.mock.timers.tick(9000);
  caption.show({ ...CALL, number: "B002" });
  context.mock.timers.tick(9000);
  assert.equal(lines[1].textContent, "B002, please go to window 3");
  assert.ok(classes.has("said"));
  context.mock.timers.tick(1000);
  assert.deepEqual([lines[0].textContent, classes.size], ["", 0]);
});

test("a call that is over has no caption", () => {
  const { lines, classes, caption } = page();
  caption.show(CALL);
  caption.clear();
  assert.deepEqual([lines[0].textContent, classes.size], ["", 0]);
});
