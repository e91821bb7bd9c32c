import assert from "node:assert/strict";
import { test } from "node:test";

import { prepare, search } from "../../../../kiosk/web/static/shared/matter_search.js";

const matter = (name, name_en, pinyin, more = {}) => ({
  name, name_en, pinyin, initials: pinyin.split(" ").map((one) => one[0]).join(""), words: [], asked_today: 0, ...more,
});
const LICENCE = matter("营业执照设立", "Business licence: new", "ying ye zhi zhao she li");
const CHANGE = matter("营业执照变更", "Business licence: change", "ying ye zhi zhao bian geng", { asked_today: 4 });
const PERMIT = matter("居住证补领", "Residence permit: replace", "ju zhu zheng bu ling", { words: ["暂住证", "ETC"], words_pinyin: ["zan zhu zheng", "e t c"] });
const FIRST = matter("居住证首次申领", "Residence permit: first", "ju zhu zheng shou ci shen ling");
const SHOP = matter("食品经营许可", "Food shop permit", "shi pin jing ying xu ke");
const entries = prepare([LICENCE, CHANGE, PERMIT, FIRST, SHOP]);
const names = (typed) => search(entries, typed).map((one) => one.name);

test("initials find a name by its beginning before one that has them inside", () => {
  const two = prepare([matter("老年证换领", "", "lao nian zheng huan ling"), matter("正装", "", "zheng zhuang")]);
  assert.deepEqual(search(two, "z").map((one) => one.name), ["正装", "老年证换领"]);
  assert.deepEqual(names("jyxk"), ["食品经营许可"]);
});

test("what was asked for most today comes first among names that fit alike", () => {
  assert.deepEqual(names("yyzz"), ["营业执照变更", "营业执照设立"]);
});

test("full pinyin fits from the beginning of a syllable on, and nowhere else", () => {
  assert.deepEqual(names("buling"), ["居住证补领"]);
  assert.deepEqual(names("juzhuzheng"), ["居住证补领", "居住证首次申领"]);
  assert.deepEqual(names("uling"), []);
  assert.deepEqual(names("JU ZHU zheng s"), ["居住证首次申领"]);
});

test("characters fit anywhere, and several parts in any order", () => {
  assert.deepEqual(names("居住证"), ["居住证补领", "居住证首次申领"]);
  assert.deepEqual(names("补领 居住证"), ["居住证补领"]);
});

test("other words that people say find it, in characters and in letters", () => {
  assert.deepEqual(names("暂住"), ["居住证补领"]);
  assert.deepEqual(names("etc"), ["居住证补领"]);
  assert.deepEqual(names("zzz"), ["居住证补领"]);
});

test("English words find it by their beginnings", () => {
  assert.deepEqual(names("residence"), ["居住证补领", "居住证首次申领"]);
  assert.deepEqual(names("permit"), ["居住证补领", "食品经营许可", "居住证首次申领"]);
  assert.deepEqual(names("ermit"), []);
});

test("the initials of two places of a name find it, after all that have them together", () => {
  assert.deepEqual(names("jzbl"), ["居住证补领"]);
  assert.deepEqual(names("jzlb"), []);
});

test("nothing typed finds nothing, and strange characters break nothing", () => {
  assert.deepEqual(names(""), []);
  assert.deepEqual(names("  "), []);
  for (const typed of ["(", "\\", "ｙｙｚｚ", "！", "𠮷", "%_"]) names(typed);
  assert.equal(names("ｙｙｚｚ").length, 2);
});

test("the initials of other words find it, too, behind names that begin so", () => {
  const founding = matter("公司设立登记", "", "gong si she li deng ji", { words: ["营业执照"], words_pinyin: ["ying ye zhi zhao"] });
  const found = search(prepare([founding, LICENCE]), "yyzz").map((one) => one.name);
  assert.deepEqual(found, ["营业执照设立", "公司设立登记"]);
});
