// Formats numbers, days and instants for one language. Days never pass through the browser's time
// zone; instants are shown in the restaurant's.

import type { BusinessDay, Instant } from '../api/types'

export class Formatter {
  private readonly integers: Intl.NumberFormat
  private readonly decimals: Intl.NumberFormat
  private readonly percents: Intl.NumberFormat
  private readonly longDays: Intl.DateTimeFormat
  private readonly shortDays: Intl.DateTimeFormat
  private readonly tableDays: Intl.DateTimeFormat
  private readonly instants: Intl.DateTimeFormat
  private readonly times: Intl.DateTimeFormat

  constructor(
    readonly locale: string,
    readonly timeZone: string,
  ) {
    const tag = locale === 'ja' ? 'ja-JP' : 'en-GB'
    const zone = knownZone(timeZone)
    const day = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
      new Intl.DateTimeFormat(tag, { ...options, timeZone: 'UTC' })
    this.integers = new Intl.NumberFormat(tag)
    this.decimals = new Intl.NumberFormat(tag, { maximumFractionDigits: 1 })
    this.percents = new Intl.NumberFormat(tag, {
      style: 'percent',
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    })
    this.longDays = day({ year: 'numeric', month: 'long', day: 'numeric', weekday: 'short' })
    const month = locale === 'ja' ? '2-digit' : 'short'
    this.shortDays = day({ month: locale === 'ja' ? 'numeric' : 'short', day: 'numeric' })
    this.tableDays = day({ year: 'numeric', month, day: '2-digit', weekday: 'short' })
    this.instants = new Intl.DateTimeFormat(tag, {
      year: 'numeric',
      month,
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZone: zone,
    })
    this.times = new Intl.DateTimeFormat(tag, {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZone: zone,
    })
  }

  integer = (value: number): string => this.integers.format(value)

  decimal = (value: number): string => this.decimals.format(value)

  /** A share from 0 to 1. Rounding never shows 0% or 100% for a share that is not exactly that. */
  percent = (share: number): string => {
    if (share > 0 && share < 0.0005) return `<${this.percents.format(0.001)}`
    if (share < 1 && share > 0.9995) return `>${this.percents.format(0.999)}`
    return this.percents.format(share)
  }

  /** A probability rounded by the server. It is never shown as 100%, since nothing is certain. */
  confidence = (confidence: number): string => this.percent(Math.min(confidence, 0.9999))

  /** 2012年4月26日(木) */
  day = (day: BusinessDay): string => this.longDays.format(noon(day))

  /** 4/26, for axes. */
  shortDay = (day: BusinessDay): string => this.shortDays.format(noon(day))

  /** 2012/04/26(木), with the same width in every row. */
  tableDay = (day: BusinessDay): string => this.tableDays.format(noon(day))

  range = (from: BusinessDay, to: BusinessDay): string =>
    from === to
      ? this.day(from)
      : [this.day(from), this.day(to)].join(this.locale === 'ja' ? '〜' : ' – ')

  /** An instant in the restaurant's time zone. */
  instant = (instant: Instant): string => this.instants.format(new Date(instant))

  /** The time of day of an instant, in the restaurant's time zone. */
  time = (instant: Instant): string => this.times.format(new Date(instant))

  /** 18時 or 18:00. */
  hour = (hour: number): string =>
    this.locale === 'ja' ? `${hour}時` : `${String(hour).padStart(2, '0')}:00`
}

function noon(day: BusinessDay): Date {
  return new Date(`${day}T12:00:00Z`)
}

/** The zone, or UTC when the browser does not know it. */
function knownZone(zone: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return zone
  } catch {
    return 'UTC'
  }
}

export function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0
}

export type ConfidenceWord = 'certain' | 'likely' | 'leaning' | 'unclear'

/** The word for a confidence from 0 to 1. */
export function confidenceWord(confidence: number): ConfidenceWord {
  if (confidence >= 0.95) return 'certain'
  if (confidence >= 0.8) return 'likely'
  return confidence >= 0.6 ? 'leaning' : 'unclear'
}
