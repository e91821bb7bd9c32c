import assert from "node:assert/strict";
import { test } from "node:test";

import { groupsOf, isWhole, padKey, withKey, wrongNumber } from "../../../../kiosk/web/static/shared/id_number.js";

const RIGHT = "110000198803141234";  // of nobody: 110000 is no county

/** RIGHT with the check digit that GB 11643 asks for. */
const checked = (first) => {
  const sum = [...first].reduce((total, digit, at) => total + Number(digit) * (2 ** (17 - at) % 11), 0);
  return first + "10X98765432"[sum % 11];
};

test("each of a hundred numbers is right with its own check digit and with no other", () => {
  for (let order = 100; order < 200; order += 1) {
    const number = checked(`11000019880314${order}`);
    assert.equal(isWhole(number), true, number);
    for (const digit of "0123456789X") {
      if (digit !== number[17]) assert.match(wrongNumber(number.slice(0, 17) + digit)?.[1] ?? "", /digits is wrong/);
    }
  }
});

test("a date that is none is told before the check digit", () => {
  for (const born of ["19900230", "19901331", "19900100", "20230229"]) {
    assert.match(wrongNumber(checked(`110000${born}123`))?.[0] ?? "", /出生日期/);
  }
  assert.equal(wrongNumber(checked("11000020240229123")), null);
});

test("an unfinished number is neither wrong nor whole", () => {
  assert.equal(wrongNumber(RIGHT.slice(0, 17)), null);
  assert.equal(isWhole(RIGHT.slice(0, 17)), false);
});

test("the pad takes eighteen characters, and X only as the last", () => {
  const type = (keys) => [...keys].reduce(withKey, "");
  assert.equal(type("1X2a3"), "123");
  assert.equal(type("12345678901234567X"), "12345678901234567X");
  assert.equal(type("1234567890123456789"), "123456789012345678");
  assert.equal(withKey("12", "erase"), "1");
  assert.equal(withKey("", "erase"), "");
});

test("a keyboard's keys mean those of the pad", () => {
  assert.deepEqual(["7", "x", "X", "Backspace", "Enter", "a", "F1"].map(padKey), ["7", "X", "X", "erase", null, null, null]);
});

test("what is typed stands in groups of 6, 8 and 4 with dashes for the rest", () => {
  assert.deepEqual(groupsOf(""), ["", "––––––  ––––––––  ––––"]);
  assert.deepEqual(groupsOf("1101051"), ["110105  1", "–––––––  ––––"]);
  assert.deepEqual(groupsOf(RIGHT), ["110000  19880314  1234", ""]);
});
