// What the API answers, as far as the pages read it; the whole is at /openapi.

/** An error's or a notice's words in both languages. */
interface Said {
  zh: string;
  en: string;
}

interface Session {
  id: string;
  begun_at: string;
  source: string;
  own: boolean;
}

interface OwnAccount {
  totp: boolean;
  sessions: Session[];
}

interface Wait {
  low: number;
  high: number;
  words: Said;
}

interface Coded {
  code: string;
  label: string;
}

interface Resident {
  kind: string;
  name: string | null;
  name_en: string | null;
  sex: Coded | null;
  ethnicity: Coded | null;
  birth_date: string | null;
  address: string | null;
  id_number: string | null;
  authority: string | null;
  valid_from: string | null;
  valid_until: string | null;
  nationality: string | null;
  pass_number: string | null;
  issue_count: string | null;
  renewal_count: string | null;
  agent?: Resident | null;
  forms?: FilledForm[];
}

type TicketState = "waiting" | "called" | "serving" | "held" | "done" | "missed" | "cancelled" | "expired";

interface Ticket {
  id: number;
  number: string;
  service: string;
  state: TicketState;
  window: string | null;
  issued_at: string;
  called_at: string | null;
  priority: string;
  ahead: number;
  print: "pending" | "printed" | "unconfirmed" | "failed" | "none";
  held_until: string | null;
  hold_reason: string | null;
  misses: number;
  chain: string[];
  for_window: string | null;
  matters: string[];
}

interface MatterPaper {
  name: string;
  name_en: string;
  original: boolean;
  copies: number;
  sample: string;
}

/** GET /matters/{id}, as far as pages use it. */
interface MatterWhole {
  id: string;
  name: string;
  name_en: string;
  papers: MatterPaper[];
}

interface IssuedTicket extends Ticket {
  code: string;
}

interface Service {
  id: string;
  name: string;
  name_en: string;
  waiting: number;
  expected_wait: Wait | null;
}

interface HallWindow {
  id: string;
  name: string;
  name_en?: string;
  state: "open" | "paused" | "closed";
  services: string[];
  pause_text: string;
  pause_text_en: string;
  zone: string;
}

interface Hall {
  services: Service[];
  windows: HallWindow[];
}

interface Call {
  number: string;
  window: string;
  window_name: string;
  service: string;
  called_at: string;
  recalls: number;
  state: "called" | "serving" | "over";
}

interface Waiting {
  service: string;
  name: string;
  count: number;
}

interface Board {
  seq: number;
  at: string;
  calls: Call[];
  waiting: Waiting[];
  themes: { name: string; count: number }[];
  cut_off: boolean;
  lit: boolean;
  lit_at: string | null;
}

interface Case {
  receipt: string | null;
  promised_on: string | null;
}

interface Away {
  number: string;
  service: string;
  state: "held" | "missed";
  held_until: string | null;
  misses: number;
}

interface WindowView {
  window: HallWindow;
  ticket: Ticket | null;
  since: string | null;
  why: string | null;
  why_en: string | null;
  waiting: Waiting[];
  next: string[];
  figures: { served: number; missed: number; mean_seconds: number | null };
  clerk: string | null;
  cut_off: boolean;
  undo: { number: string; state: "done" | "missed"; until: string } | null;
}

interface Device {
  name: string;
  driver: string;
  window: string | null;
  state: "online" | "offline" | "fault";
  since: string;
  reason: string | null;
  detail: string;
  advice: string | null;
  advice_en: string | null;
}

interface DeviceTest {
  ok: boolean;
  message: string;
  message_en: string;
}

interface KioskResident {
  kind: string;
  name: string | null;
  id_number: string | null;
  priority: { id: string; name: string; name_en: string } | null;
}

interface KioskService extends Service {
  initials: string;
  pinyin: string;
  open: boolean;
  has_ticket: string | null;
  appointment: { words: Said } | null;
  warning: Said | null;
  shut: { why: Said; then: Said } | null;
}

interface KioskTicket {
  id: number;
  number: string;
  service: string;
  ahead: number;
  on_paper: boolean;
  code: string;
  url: string;
  matters: string[];
}

interface Matter {
  id: string;
  name: string;
  name_en: string;
  audience: "personal" | "business";
  theme: string;
  theme_en: string;
  service: string;
  initials: string;
  pinyin: string;
  words: string[];
  words_pinyin: string[];
  asked_today: number;
  available: boolean;
  applies: boolean;
  form: string;
}

interface WholeMatter {
  id: string;
  name: string;
  name_en: string;
  who: string;
  who_en: string;
  papers: MatterPaper[];
  fee: string;
  fee_en: string;
  statutory_days: number | null;
  promised_days: number | null;
  guide: string;
  guide_en: string;
  form: string;
}

interface MatterPaper {
  name: string;
  name_en: string;
  original: boolean;
  copies: number;
}

interface Kiosk {
  state: "idle" | "reading" | "choosing" | "printing" | "taking" | "fault";
  visit: string;
  resident: KioskResident | null;
  agent: KioskResident | null;
  agent_wanted: boolean;
  services: KioskService[];
  enquiries: string | null;
  straight_in: number | null;
  ticket: KioskTicket | null;
  message: string;
  message_en: string;
  seconds_left: number | null;
  card_lies: boolean;
}

interface FilledForm {
  form: string;
  name: string;
  name_en: string;
  fields: { key: string; label: string; label_en: string; value: string }[];
}

interface Progress {
  service: string;
  service_name: string;
  service_name_en: string;
  matter: string | null;
  matter_name: string;
  matter_name_en: string;
  outcome: string;
  state: "submitted" | "open" | "ready" | "returned" | "closed" | null;
  promised_on: string | null;
  updated_at: string;
  note: string | null;
  to_bring: { name: string; name_en: string }[];
}

interface Application {
  id: number;
  matter: string | null;
  matter_name: string;
  matter_name_en: string;
  service: string;
  service_name: string;
  service_name_en: string;
  state: "submitted" | "open" | "ready" | "returned" | "closed";
  applied_at: string;
  updated_at: string;
  promised_on: string | null;
  note: string | null;
  papers: { name: string; name_en: string; later: boolean }[];
}

interface OpenedApplication extends Application {
  resident: Resident;
  agent: Resident | null;
  forms: NonNullable<Resident["forms"]>;
}

/** GET /windows/{w}/resident-screen. */
interface ResidentScreen {
  window: { id: string; name: string; state: "open" | "paused" | "closed"; pause_text: string; pause_text_en: string };
  ticket: {
    number: string;
    state: "called" | "serving";
    service: Said;
    bring: Said | null;
    matters: { name: Said; papers: { name: Said; wanted: Said }[]; fee: Said | null; days: Said | null }[];
  } | null;
  shown: { id: number; left: number; fields: string[] | null; seen: boolean; right: boolean | null; wrong: string[] } | null;
  readable: boolean;
  pay: { at: Said; text: Said } | null;
  receipts: { service: Said; code: string; qr: string; promised_on: string | null }[];
  receipts_left: number;
  to_rate: { case: number; service: Said } | null;
  connected: boolean;
}

interface AskedCase {
  case: number;
  service: string;
  service_name: string;
}

interface BookableDay {
  date: string;
  free: number;
}

interface BookableService {
  service: string;
  service_name: string;
  service_name_en: string;
  days: BookableDay[];
}

interface Slot {
  time: string;
  begins_at: string;
  ends_at: string;
  free: number;
}

interface Appointment {
  id: number;
  service: string;
  service_name: string;
  service_name_en: string;
  date: string;
  time: string;
  ends_at: string;
  come_from: string;
  come_until: string;
  state: "booked" | "checked_in" | "cancelled" | "missed";
  take_back_until: string | null;
}

interface BookedAppointment extends Appointment {
  code: string;
  qr: string;
}

interface Times {
  count: number;
  mean_seconds: number;
  median_seconds: number;
  p90_seconds: number;
  longest_seconds: number;
}

interface Zone {
  zone: string;
  device: string | null;
  temperature: number | null;
  humidity: number | null;
  words: Said | null;
  controlled: boolean;
  on: boolean | null;
  why: "override" | "stale" | "closed" | "temperature" | "waits" | "";
  override: "on" | "off" | null;
  override_until: string | null;
}

interface ZoneDay {
  zone: string;
  on_minutes: number | null;
  points: {at: string, temperature: number | null, humidity: number | null, on_seconds: number | null}[];
}

interface Alert {
  id: number;
  kind: "wait" | "grade" | "device" | "update" | "box";
  subject: string;
  since: string;
  told_at: string;
  what: Said;
  advice: Said | null;
}

interface PastTicket {
  number: string;
  service: string;
  state: string;
  since: string;
}

interface PastWindow {
  id: string;
  name: string;
  state: "open" | "paused" | "closed";
  ticket: PastTicket | null;
}

interface LiveWindow extends PastWindow {
  services: string[];
  clerk: string | null;
  clerk_since: string | null;
}

interface Replay {
  date: string;
  begins: string;
  ends: string;
  at: string;
  earlier: string | null;
  later: string | null;
  board: Board;
  windows: (PastWindow & { text: string; text_en: string })[];
  queue: PastTicket[];
  held: PastTicket[];
  noted: { number: string; box: string; at: string; words: { zh: string; en: string } }[];
}

interface Live {
  at: string;
  seq: number;
  services: { id: string; name: string; name_en: string; waiting: number; oldest: string | null; expected_wait: Wait | null }[];
  windows: LiveWindow[];
  devices: Device[];
  devices_working: number;
  today: {
    issued: number;
    waiting: number;
    served: number;
    missed: number;
    cancelled: number;
    mean_wait: number | null;
    longest_wait: number | null;
    grades: Record<string, number>;
    not_rated: number;
  };
  alerts: Alert[];
}

interface SpanTimes extends Times {
  /** shares of those that took at most 10, 20 and 30 minutes */
  within: number[];
  bins: [number, number, number][];
}

interface SpanLine {
  key: string;
  name: string;
  issued: number;
  served: number;
  no_shows: number;
  expired: number;
  overtime: number | null;
  wait: SpanTimes | null;
  service: SpanTimes | null;
  cases: number;
  promised_late: number;
  rated: number;
  not_rated: number;
  work_open: number;
  grades: Record<string, number> | null;
}

interface SpanParts {
  from: string;
  to: string;
  by: string;
  total: SpanLine;
  rows: SpanLine[];
}

interface Span extends SpanParts {
  compared: SpanParts | null;
  definitions: { figure: string; zh: string; en: string; means: string; means_en: string }[];
}

interface Outcome {
  minutes: number;
  median: number;
  p90: number;
  unserved: number;
}

interface WhatIf {
  window: string;
  does: "open" | "shut";
  from: string;
  to: string;
  base: Outcome;
  changed: Outcome;
  saves: number;
  low: number;
  high: number;
  days: number;
  runs: number;
  waited: number | null;
  replayed: number;
}

interface ExpectedDay {
  day: string;
  like: number | null;
  hours: { hour: number; mean: number; low: number; high: number; came: number | null }[];
  services: { service: string; mean: number; low: number; high: number; came: number | null }[];
}

interface ExpectedDays {
  coming: ExpectedDay[];
  past: ExpectedDay[];
  held: number | null;
  held_for: number | null;
}

interface BenchCard {
  id: string;
  label: string;
  kind: string;
}

interface BenchPart {
  part: "lamp" | "reading" | "picture" | "press" | "slide";
  zh: string;
  en: string;
  hand?: string;
  body?: object;
  pressed?: boolean | null;
  lit?: boolean;
  colour?: string;
  text?: string;
  piece?: string;
  least?: number;
  most?: number;
  step?: number;
  value?: number;
}

interface BenchPull {
  name: string;
  zh: string;
  en: string;
  out: string;
  back: string;
  do: [string, string];
  undo: [string, string];
  icon: string;
  is_out: boolean;
}

interface BenchDevice {
  pulls: BenchPull[];
  panel: BenchPart[];
  name: string;
  driver: string;
  window: string | null;
  state: "online" | "offline" | "fault";
  reason: string | null;
  plugged: boolean;
  hands: string[];
  reader?: { card: string | null };
  slot?: { card: string | null };
  speaker?: { said: { id: number; text: string }[]; occupied: boolean; silent: boolean };
  printer?: {
    papers: { id: number }[];
    cover_open: boolean;
    cutter_jammed: boolean;
    hot: boolean;
    jammed: boolean;
    near_end: boolean;
    paper: boolean;
    ticket_waits: boolean;
  };
  strip?: { text: string };
}

interface BenchPerson {
  number: string;
  service: string;
  where: "waiting" | "called" | "served" | "held";
  window: string;
}

interface BenchDay {
  now: string;
  speed: number;
  running: boolean;
  silent: boolean;
  state: "none" | "runs" | "stopped" | "over";
  begins: string | null;
  share: number;
  residents: number;
  came: number;
  by_kiosk: number;
  by_desk: number;
  waiting: number;
  gone: number;
  curve: number[];
  clerks: { [window: string]: "away" | "free" | "called" | "serving" | "break" };
  people: BenchPerson[];
  card: BenchCard | null;
}

interface Bench {
  day: BenchDay | null;
  cards: BenchCard[];
  devices: BenchDevice[];
  windows: { id: string; name: string; services: string[] }[];
}

interface AuditEntry {
  seq: number;
  at: string;
  who: string;
  place: string;
  ticket: string | null;
  action: string;
  reason: string | null;
  subject: string | null;
}

interface AuditPage {
  entries: AuditEntry[];
  next: number | null;
}

interface AuditProof {
  whole: boolean;
  proven: boolean;
  entries: number;
  first: number;
  broken_at: number | null;
  fault: string | null;
  head: string | null;
  own: "there" | "missing" | "malformed";
  anchors: { anchor: string; held: "holds" | "cut" | "other" | "older" }[];
}

interface Emergency {
  id: number;
  window: string | null;
  place: Said;
  called_at: string;
}

interface HelpCall extends Emergency {
  emergency: boolean;
  reason: Said;
  state: "called" | "answered" | "done";
  who: string | null;
}

// The manager's draft of the hall's setup

interface DraftChange {
  how: "set" | "add" | "remove" | "move";
  section: string;
  row?: string;
  field?: string;
  was?: any;
  value?: any;
  place?: number | null;
}

interface DraftDifference {
  how: "set" | "add" | "remove" | "move";
  section: string;
  row: string;
  field: string;
  before: any;
  after: any;
  by: string | null;
  at: string | null;
}

interface Fault {
  field: string;
  reason: string;
  message: string;
  message_zh: string | null;
}

interface SetupClass {
  id: string;
  name: string;
  name_en: string;
  head_start_minutes: number;
  min_age: number | null;
}

interface PaperLine {
  shows: string;
  size?: number;
  bold?: boolean;
  text?: string;
  text_en?: string;
  dots?: number;
}

interface PaperLayout {
  lines: PaperLine[];
  code_dots?: number;
  logo?: { width: number; dots: string } | null;
}

interface SetupValues {
  services?: any[];
  windows?: any[];
  clerks?: any[];
  holidays?: any[];
  classes?: any[];
  hours?: { [day: string]: string[] };
  slip?: PaperLayout;
  receipt?: PaperLayout;
}

interface Draft {
  tag: string;
  version: number;
  values: SetupValues;
  published: SetupValues;
  settings_classes: SetupClass[];
  changes: DraftDifference[];
  problems: Fault[];
  due: string | null;
  due_by: string | null;
}

interface Publication {
  id: number;
  at: string;
  by: string;
  how: "draft" | "import" | "found";
  changes: DraftDifference[];
}

/** A column of a table of the setup. */
interface Column {
  field: string;
  zh: string;
  en: string;
  kind: "text" | "number" | "date" | "select" | "fixed" | "told" | "periods" | "days" | "choices" | "minutes" | "week";
  size?: "s" | "m" | "l";
  required?: boolean;
  hint?: string[];
  options?: () => string[][];
  all?: string[];
  suggest?: () => string;
}

/** A row of such a table, and what its changes are in the draft. */
interface TableRow {
  key: string;
  row: any;
  /** What the key of a problem of this row begins with. */
  place: string;
  /** The value that a change of the field is made from. */
  seen: (field: string) => any;
  set: (field: string, value: any, was: any) => DraftChange[];
  remove?: () => DraftChange[];
  move?: (by: number) => DraftChange[];
}

interface Table {
  id: string;
  zh: string;
  en: string;
  step?: boolean;
  intro: string[];
  columns: Column[];
  more?: Column[];
  rows: () => TableRow[];
  add?: { columns: Column[]; changes: (value: any) => DraftChange[] };
  fill?: { words: string[]; press: string[]; changes: () => DraftChange[]; told: () => string[][] };
}

interface StaffAccount {
  username: string;
  role: string;
  windows: string[];
  created_at: string;
  must_change: boolean;
  totp: boolean;
  duty: string | null;
  sessions: Session[];
}

interface Token {
  id: string;
  name: string;
  role: string;
  windows: string[];
  terminal: string | null;
  created_at: string;
  expires_at: string | null;
  source: string | null;
  used_at: string | null;
  used_from: string | null;
  over: boolean;
}

interface Shown {
  kind: "text" | "picture" | "film";
  text: string;
  text_en: string;
  media: string | null;
  seconds: number | null;
  priority: number;
}

interface Notice {
  id: number;
  text: string;
  text_en: string;
  media: string | null;
  starts: string | null;
  ends: string | null;
  zones: string[];
  service: string | null;
  window: string | null;
  priority: number;
  made_at: string;
  made_by: string;
  state: "now" | "later" | "over";
}

/** GET /screens/hours */
interface HallHours {
  open: boolean;
  opens: Said | null;
  lit: boolean;
  lit_at: string | null;
}

interface ScreenShows {
  page: "board" | "window" | "guide" | "kiosk" | "resident" | "terminal";
  window: string | null;
  zone: string;
  theme: string;
  terminal: string;
}

interface HallScreen {
  id: number;
  name: string;
  shows: ScreenShows | null;
  path: string | null;
  state: "online" | "offline" | "new";
  seen_at: string;
  seen_from: string;
  switch_trouble: string;
}

interface HallBox {
  name: string;
  machine: string;
  state: "online" | "offline";
  here: boolean;
  version: string;
  version_at: string;
  started_at: string;
  seen_at: string;
  alone_until: string | null;
  update: {before: string, after: string, step: string, reason: string | null, at: string, noted: boolean} | null;
  taken_by: string | null;
  taken_at: string | null;
}

interface Media {
  name: string;
  kind: "picture" | "film";
  size: number;
  trouble_at: string | null;
}
