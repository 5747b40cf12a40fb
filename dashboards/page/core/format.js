/** Numbers, dates and durations in the reader's language. A value that is not known is an en dash, never a zero. */
import { localeOf } from "./i18n.js";
import { toDate } from "./period.js";

const NONE = "–";
const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

export function formats(language, t) {
  const locale = localeOf(language);
  const number = (options) => new Intl.NumberFormat(locale, options);
  const date = (options) => new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options });
  const whole = number({ maximumFractionDigits: 0 });
  const one = number({ minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "negative" });
  const signed = number({ minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero" });
  const short = number({ notation: "compact", maximumFractionDigits: 1 });
  const percent = number({ style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "negative" });
  const day = date({ day: "numeric", month: "short", year: "numeric" });
  const moment = date({ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const clock = date({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const month = date({ month: "short", year: "numeric" });
  const tick = date({ day: "numeric", month: "short" });
  const tickHour = date({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const known = (format) => (value) => (value == null || Number.isNaN(Number(value)) ? NONE : format.format(Number(value)));
  const fmt = {
    locale, none: NONE,
    whole: known(whole), one: known(one), signed: known(signed), short: known(short), percent: known(percent),
    day: (iso) => (iso ? day.format(toDate(iso)) : NONE),
    month: (iso) => (iso ? month.format(toDate(iso)) : NONE),
    moment: (iso) => (iso ? moment.format(asUtc(iso)) : NONE),
    clock: (iso) => (iso ? clock.format(asUtc(iso)) : NONE),
    /** A mark on a time axis (milliseconds), as short as the grain allows. */
    tick: (milliseconds, grain) => ({ hour: tickHour, month }[grain] ?? tick).format(milliseconds),
    period: ({ from, to }) => day.formatRange(toDate(from), toDate(to)),
    money: (amount, currency) => (amount == null ? NONE : number({ style: "currency", currency, maximumFractionDigits: 0 }).format(Number(amount))),
    price: (amount, currency) => (amount == null ? NONE : number({ style: "currency", currency }).format(Number(amount))),
    range: (low, high, write) => (low == null || high == null ? NONE : t("range", { low: write(low), high: write(high) })),
    duration: (seconds) => duration(seconds, locale),
    compare: new Intl.Collator(locale).compare,
  };
  /** A KPI's value in its unit: percent with its sign, points and scores bare. */
  fmt.kpi = (value, unit) => (unit === "percent" ? (value == null ? NONE : percent.format(Number(value) / 100)) : fmt.one(value));
  /** A quantity of the map file in its unit: a share, a time, or a number of whatever it names. */
  fmt.quantity = (value, unit) => {
    if (unit === "share") return percent.format(value).replace(/[.,]0(?=\D)/, "");
    const time = /^(second|minute|hour|day|week|month|year)s?$/.exec(unit ?? "");
    if (time) return number({ style: "unit", unit: time[1], unitDisplay: "long" }).format(value);
    return [number({}).format(value), unit === "count" ? "" : unit].filter(Boolean).join(" ");
  };
  return fmt;
}

const asUtc = (iso) => new Date(/[zZ]|[+-]\d\d:?\d\d$/.test(iso) ? iso : `${iso.replace(" ", "T")}Z`);

/** The two greatest units: 3 days 4 hours; below one second, that. */
function duration(seconds, locale) {
  if (seconds == null) return NONE;
  const unit = (value, name) => new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: 0 }).format(value);
  let rest = Math.round(Number(seconds));
  const first = UNITS.findIndex(([, size]) => rest >= size);
  if (first < 0) return unit(Math.max(rest, 0), "second");
  const [name, size] = UNITS[first];
  const parts = [unit(Math.floor(rest / size), name)];
  rest %= size;
  const second = UNITS[first + 1];
  if (second && Math.floor(rest / second[1])) parts.push(unit(Math.floor(rest / second[1]), second[0]));
  return parts.join(" ");
}
