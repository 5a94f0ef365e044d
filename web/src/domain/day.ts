// Arithmetic on business days. A business day is a date on the restaurant's calendar, not an
// instant. All arithmetic is in UTC, so that the browser's time zone cannot shift a day.

import type { BusinessDay } from '../api/types'

const dayMilliseconds = 86_400_000

/** A real calendar date of the form 2012-04-26, from 1970 on. */
export function isDay(text: unknown): text is BusinessDay {
  if (typeof text !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const at = Date.parse(`${text}T00:00:00Z`)
  return at >= 0 && fromNumber(at / dayMilliseconds) === text
}

export function toNumber(day: BusinessDay): number {
  return Date.parse(`${day}T00:00:00Z`) / dayMilliseconds
}

export function fromNumber(number: number): BusinessDay {
  return new Date(number * dayMilliseconds).toISOString().slice(0, 10)
}

export function addDays(day: BusinessDay, days: number): BusinessDay {
  return fromNumber(Math.max(0, toNumber(day) + days))
}

export function firstOfMonth(day: BusinessDay): BusinessDay {
  return `${day.slice(0, 8)}01`
}

/** The number of days in the range, including both ends. */
export function dayCount(from: BusinessDay, to: BusinessDay): number {
  return toNumber(to) - toNumber(from) + 1
}

export function eachDay(from: BusinessDay, to: BusinessDay): BusinessDay[] {
  const first = toNumber(from)
  return Array.from({ length: Math.max(0, dayCount(from, to)) }, (_, i) => fromNumber(first + i))
}

/** The 24 hours of a business day, from the hour at which it starts. */
export function hourOrder(dayStartsAt: string): number[] {
  const start = Number.parseInt(dayStartsAt, 10)
  const first = Number.isInteger(start) && start >= 0 && start < 24 ? start : 0
  return Array.from({ length: 24 }, (_, i) => (first + i) % 24)
}
