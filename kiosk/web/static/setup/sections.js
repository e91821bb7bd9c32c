// What the hall's setup is made of, as tables: their columns, their rows, and what a change of a cell is in the draft.

import { draft } from "./draft.js";

export const DAYS = /** @type {const} */ ([
  ["mon", "周一", "Mon"], ["tue", "周二", "Tue"], ["wed", "周三", "Wed"], ["thu", "周四", "Thu"],
  ["fri", "周五", "Fri"], ["sat", "周六", "Sat"], ["sun", "周日", "Sun"],
]);

const FIELDS = [
  ["name", "姓名", "name"], ["name_en", "英文姓名", "name in English"], ["sex", "性别", "sex"], ["ethnicity", "民族", "ethnicity"],
  ["birth_date", "出生日期", "birth date"], ["address", "住址", "address"], ["id_number", "证件号码", "ID number"],
  ["authority", "签发机关", "authority"], ["valid_from", "有效期起", "valid from"], ["valid_until", "有效期止", "valid until"],
  ["nationality", "国籍", "nationality"], ["pass_number", "通行证号码", "pass number"], ["issue_count", "签发次数", "issue count"],
  ["renewal_count", "换证次数", "renewal count"],
];

/** @returns {string[][]} id, Chinese, English */
const services = () => (draft().values.services ?? []).map((one) => [one.id, one.name || one.id, one.name_en || one.name || one.id]);

/** @returns {string[][]} id, Chinese, English */
const windows = () => (draft().values.windows ?? []).map((/** @type {any} */ one) => [one.id, one.name || one.id, one.name || one.id]);

/** @type {Column} */
const NAME = { field: "name", zh: "名称", en: "Name", kind: "text", size: "l" };
/** @type {Column} */
const NAME_EN = { field: "name_en", zh: "英文名称", en: "Name in English", kind: "text", size: "l" };
/** @type {Column} */
const PERIOD = { field: "period", zh: "时段", en: "Period", kind: "text", size: "m", hint: ["如 09:00-09:30", "such as 09:00-09:30"] };

/**
 * The rows of a section that is a list with keys.
 * @param {"services" | "windows" | "clerks" | "holidays" | "classes"} section
 * @param {string} key
 * @param {boolean} [ordered] whether the order of its rows is the hall's to choose
 * @returns {() => TableRow[]}
 */
const listed = (section, key, ordered = true) => () => (draft().values[section] ?? []).map((/** @type {any} */ row, at) => ({
  key: String(row[key]),
  row,
  place: `${section}[${at}]`,
  seen: (field) => row[field] ?? null,
  set: (field, value, was) => [{ how: "set", section, row: String(row[key]), field, was, value }],
  remove: () => [{ how: "remove", section, row: String(row[key]), was: row }],
  move: ordered ? (by) => [{ how: "move", section, row: String(row[key]), place: at + by }] : undefined,
}));

/**
 * The rows of lists inside services: each change writes the whole list of its service.
 * @param {"slots" | "quotas"} field
 * @returns {() => TableRow[]}
 */
const inside = (field) => () => (draft().values.services ?? []).flatMap((service, index) => {
  const list = /** @type {any[]} */ (service[field] ?? []);
  /** @param {any[]} was @param {any[]} value @returns {DraftChange[]} */
  const write = (was, value) => [{ how: "set", section: "services", row: service.id, field, was, value }];
  return list.map((one, at) => ({
    key: `${service.id} ${at}`,
    row: { service: service.id, ...one },
    place: `services[${index}].${field}[${at}]`,
    seen: () => list,
    set: (name, value, was) => (name === "service"
      ? [...write(list, list.filter((other) => other !== one)), ...append(field, value, one)]
      : write(was, was.map((/** @type {any} */ other, /** @type {number} */ number) => (number === at ? { ...other, [name]: value } : other)))),
    remove: () => write(list, list.filter((other) => other !== one)),
  }));
});

/**
 * @param {"slots" | "quotas"} field
 * @param {string} service
 * @param {object} row
 * @returns {DraftChange[]}
 */
function append(field, service, row) {
  const was = draft().values.services?.find((one) => one.id === service)?.[field] ?? [];
  return [{ how: "set", section: "services", row: service, field, was, value: [...was, row] }];
}

/** A prefix that no service has yet. */
function freePrefix() {
  const taken = new Set((draft().values.services ?? []).map((one) => one.prefix));
  return [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"].find((one) => !taken.has(one)) ?? "";
}

/**
 * An id that no row has yet.
 * @param {"services" | "windows" | "classes"} section
 * @param {string} stem
 */
function freeId(section, stem) {
  const taken = new Set((draft().values[section] ?? []).map((/** @type {any} */ one) => one.id));
  for (let number = taken.size + 1; ; number += 1) if (!taken.has(`${stem}${number}`)) return `${stem}${number}`;
}

/** @type {Table[]} */
export const TABLES = [
  {
    id: "services", zh: "业务", en: "Services", step: true,
    intro: ["居民来办什么。字头是号码的开头，如 A 的号码是 A001；几项业务可以用一个字头。", "What residents come for. The prefix heads the numbers: A gives A001. Several services may share one."],
    columns: [
      NAME, NAME_EN,
      { field: "prefix", zh: "字头", en: "Prefix", kind: "text", size: "s" },
      { field: "place", zh: "等候地点", en: "Where to wait", kind: "text", size: "m" },
    ],
    more: [
      { field: "bring", zh: "要带的", en: "What to bring", kind: "text", size: "l" },
      { field: "bring_en", zh: "要带的（英文）", en: "What to bring, in English", kind: "text", size: "l" },
      { field: "per_person_day", zh: "每人每天最多取号", en: "Numbers a person may take in a day", kind: "number", size: "s" },
      { field: "promise_days", zh: "承诺件几个工作日办结", en: "Working days of a promised case", kind: "number", size: "s" },
      { field: "chain", zh: "办完接着办", en: "Goes on to, with the same number", kind: "choices", options: services },
      { field: "resident_fields", zh: "窗口要用的身份信息（一项不选就是全部）", en: "What windows need of the card (none chosen: all of it)", kind: "choices", options: () => FIELDS },
      { field: "hours", zh: "自己的开放时间（不填就按大厅的）", en: "Opening hours of its own (else the hall's)", kind: "week" },
    ],
    rows: listed("services", "id"),
    add: {
      columns: [
        { ...NAME, required: true }, NAME_EN,
        { field: "prefix", zh: "字头", en: "Prefix", kind: "text", size: "s", required: true, suggest: freePrefix },
        { field: "id", zh: "编号", en: "Id", kind: "text", size: "m", required: true, suggest: () => freeId("services", "service-") },
      ],
      changes: (value) => [{ how: "add", section: "services", row: value.id, value }],
    },
  },
  {
    id: "windows", zh: "窗口", en: "Windows", step: true,
    intro: ["在哪里办。新窗口办全部业务，要少办几项请点“更多”。区域如“一楼东区”：屏幕和语音可以只报自己区域的。", "Where they are served. A new window serves every service; choose fewer under More. A zone is such as “1F East”: screens and voices can be its own."],
    columns: [
      { field: "id", zh: "编号", en: "Id", kind: "fixed", size: "s" }, NAME,
      { field: "zone", zh: "区域", en: "Zone", kind: "text", size: "m" },
      { field: "services", zh: "办理的业务", en: "Serves", kind: "told", size: "l", options: services, all: ["全部业务", "Every service"] },
    ],
    more: [
      { field: "services", zh: "办理的业务", en: "Serves", kind: "choices", options: services, all: ["全部业务", "Every service"] },
      { field: "weights", zh: "哪些业务在这里提前叫（分钟）", en: "Services that are called earlier here (minutes)", kind: "minutes", options: services },
    ],
    rows: listed("windows", "id"),
    add: {
      columns: [
        { field: "id", zh: "编号", en: "Id", kind: "text", size: "s", required: true, suggest: () => freeId("windows", "") },
        { ...NAME, required: true, suggest: () => `${freeId("windows", "")}号窗口` },
      ],
      changes: (value) => [{ how: "add", section: "windows", row: value.id, value: { services: ["*"], ...value } }],
    },
  },
  {
    id: "clerks", zh: "人员", en: "Staff", step: true,
    intro: ["窗口人员可以在哪些窗口，请点“更多”。和别的改动一样，发布后才生效；账号在“账号”页添加和删去，立即生效。", "At which windows each clerk may sit: choose under More. It is in force once it is published, like the rest; accounts are added and removed on their own page, at once."],
    columns: [
      { field: "id", zh: "账号", en: "Account", kind: "fixed", size: "m" },
      { field: "windows", zh: "窗口", en: "Windows", kind: "told", size: "l", options: windows, all: ["全部窗口", "Every window"] },
    ],
    more: [{ field: "windows", zh: "窗口", en: "Windows", kind: "choices", options: windows, all: ["全部窗口", "Every window"] }],
    rows: () => listed("clerks", "id", false)().map((row) => ({ ...row, remove: undefined })),
  },
  {
    id: "hours", zh: "开放时间", en: "Opening hours", step: true,
    intro: ["每天几段，用空格隔开，如 09:00-12:00 13:30-17:30。空着的那天不开放；整周都空着就是一直开放。", "Several periods a day with blanks between, such as 09:00-12:00 13:30-17:30. A day without any is closed; without any in the week it is always open."],
    columns: [
      { field: "day", zh: "星期", en: "Day", kind: "fixed", size: "s" },
      { field: "periods", zh: "开放时间", en: "Open", kind: "periods", size: "l" },
    ],
    rows: () => DAYS.map(([day, zh, en]) => {
      const hours = /** @type {any} */ (draft().values.hours ?? {});
      return {
        key: day,
        row: { day: [zh, en], periods: hours[day] ?? [] },
        place: `hours.${day}`,
        seen: () => hours[day] ?? null,
        set: (_field, value, was) => [{ how: "set", section: "hours", field: day, was, value: value?.length ? value : null }],
      };
    }),
  },
  {
    id: "holidays", zh: "特殊日", en: "Special days",
    intro: ["放假的日子，和调休上班的日子。", "Days that are closed, and days off that are worked."],
    columns: [
      { field: "day", zh: "日期", en: "Day", kind: "fixed", size: "m" }, NAME, NAME_EN,
      { field: "works_as", zh: "开放", en: "Open", kind: "select", size: "m", options: () => [["", "放假，不开放", "Closed"], ...DAYS.map(([day, zh, en]) => [day, `按${zh}的时间`, `With ${en}'s hours`])] },
    ],
    rows: listed("holidays", "day", false),
    add: {
      columns: [{ field: "day", zh: "日期", en: "Day", kind: "date", size: "m", required: true }, { ...NAME, required: true }, NAME_EN],
      changes: (value) => [{ how: "add", section: "holidays", row: value.day, value }],
    },
  },
  {
    id: "slots", zh: "预约时段", en: "Appointments",
    intro: ["每项业务哪些时段可以预约，每段几个人。没有时段的业务不接受预约。", "When each service can be booked, and by how many. A service without any takes no appointments."],
    columns: [
      { field: "service", zh: "业务", en: "Service", kind: "select", size: "l", options: services },
      { field: "days", zh: "星期", en: "Days", kind: "days", size: "l" }, PERIOD,
      { field: "capacity", zh: "人数", en: "People", kind: "number", size: "s" },
    ],
    rows: inside("slots"),
    add: {
      columns: [{ field: "service", zh: "业务", en: "Service", kind: "select", size: "l", options: services, required: true }, { ...PERIOD, required: true }, { field: "capacity", zh: "人数", en: "People", kind: "number", size: "s", required: true }],
      changes: ({ service, ...value }) => append("slots", service, { days: ["mon", "tue", "wed", "thu", "fri"], ...value }),
    },
  },
  {
    id: "quotas", zh: "限额", en: "Quotas",
    intro: ["某一时段最多发几个号。", "How many numbers are issued at most in a period."],
    columns: [{ field: "service", zh: "业务", en: "Service", kind: "select", size: "l", options: services }, PERIOD, { field: "most", zh: "最多", en: "At most", kind: "number", size: "s" }],
    rows: inside("quotas"),
    add: {
      columns: [{ field: "service", zh: "业务", en: "Service", kind: "select", size: "l", options: services, required: true }, { ...PERIOD, required: true }, { field: "most", zh: "最多", en: "At most", kind: "number", size: "s", required: true }],
      changes: ({ service, ...value }) => append("quotas", service, value),
    },
  },
  {
    id: "classes", zh: "优先类别", en: "Priority",
    intro: ["谁可以优先，号码早排多少分钟。这里写了的就不用各台机器配置文件里的；全部删去又用配置文件里的。", "Who has priority, and by how many minutes. What stands here replaces the classes of each box's settings; without any, those hold again."],
    columns: [
      { field: "id", zh: "编号", en: "Id", kind: "fixed", size: "m" }, NAME, NAME_EN,
      { field: "head_start_minutes", zh: "早排（分钟）", en: "Earlier by minutes", kind: "number", size: "s" },
      { field: "min_age", zh: "满多少岁自动给", en: "Given from the age of", kind: "number", size: "s" },
    ],
    rows: listed("classes", "id"),
    fill: {
      words: ["现在用的是各台机器配置文件里的类别：", "In force are the classes of each box's settings:"],
      press: ["搬到这里来改", "Bring them here to change them"],
      changes: () => draft().settings_classes.map((value) => ({ how: "add", section: "classes", row: value.id, value })),
      told: () => draft().settings_classes.map((one) => [`${one.name}（${one.head_start_minutes} 分钟）`, `${one.name_en} (${one.head_start_minutes} min)`]),
    },
    add: {
      columns: [
        { field: "id", zh: "编号", en: "Id", kind: "text", size: "m", required: true, suggest: () => freeId("classes", "class-") },
        { ...NAME, required: true }, { ...NAME_EN, required: true },
        { field: "head_start_minutes", zh: "早排（分钟）", en: "Earlier by minutes", kind: "number", size: "s", required: true },
      ],
      changes: (value) => [{ how: "add", section: "classes", row: value.id, value }],
    },
  },
];
