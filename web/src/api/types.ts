// The wire of konomi's HTTP interface, as the page reads it. Dates are business days ("2012-04-26"),
// instants are RFC 3339 in UTC.

export type BusinessDay = string
export type Instant = string

export type DayState = 'open' | 'preliminary' | 'final' | 'revised'

export interface TypeCount {
  menu_type: string
  count: number
}

export interface Day {
  date: BusinessDay
  state: DayState
  revision: number
  computed_at: Instant
  counted_up_to: number
  orders: number
  users: number
  counts: TypeCount[]
  /** Orders by local wall-clock hour, 24 entries. */
  hours: number[]
}

export interface DayDetail extends Omit<Day, 'counts'> {
  counts: (TypeCount & { hours: number[] })[]
}

export interface Days {
  from: BusinessDay
  to: BusinessDay
  days: Day[]
}

export interface Segment {
  menu_type: string
  users: number
  /** Of all users, 0 to 1. */
  share: number
}

export interface Segments {
  segments: Segment[]
  undecided: number
  users: number
  day: BusinessDay | null
  computed_at: Instant | null
}

export interface Preference {
  user_id: string
  menu_type: string
  orders: number
  total_orders: number
  share: number
  runner_up: string | null
  runner_up_orders: number
  tied: boolean
  since: BusinessDay
  confidence: number
  last_ordered_at: Instant
}

export interface SegmentUsers {
  menu_type: string
  users: Preference[]
  next_cursor: string | null
}

export interface User {
  user_id: string
  preference: Preference | null
  undecided: boolean
  counts: { menu_type: string; orders: number; last_ordered_at: Instant }[]
  days: { date: BusinessDay; counts: TypeCount[] }[]
  changes: { date: BusinessDay; from: string | null; to: string | null }[]
}

export interface MenuType {
  menu_type: string
  labels: Partial<Record<string, string>>
  color: string | null
  position: number | null
  hidden: boolean
}

export interface MenuTypes {
  menu_types: MenuType[]
}

/** Who is signed in. */
export interface Session {
  /** Whether this server asks for keys. */
  required: boolean
  signed_in: boolean
  key: string | null
  scopes: string[]
}

export interface Status {
  engine: string
  version: string
  time_zone: string
  day_starts_at: string
  now: Instant
  business_day: BusinessDay
  log: { end: number; stored_up_to: number; counted_up_to: number; lag_records: number }
  consume: { state: 'running' | 'retrying' | 'stopped'; error: string | null } | null
  dirty_days: number
  days: { first: BusinessDay | null; last: BusinessDay | null; count: number }
  dead_letters: number
  users: number
  last_count: { finished_at: Instant; seconds: number } | null
}
