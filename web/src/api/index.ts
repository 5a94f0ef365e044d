// Every address the page reads, and nothing else. Paths are built here only.

import { get, send } from './client'
import type {
  BusinessDay,
  DayDetail,
  Days,
  MenuTypes,
  Segments,
  SegmentUsers,
  Session,
  Status,
  User,
} from './types'

export * from './types'
export { ApiError, whenSignedOut } from './client'

export interface SegmentFilters {
  minOrders: number | null
  /** 0 to 1. */
  minConfidence: number | null
  orderedSince: BusinessDay | null
}

export interface SegmentPage extends SegmentFilters {
  menuType: string
  limit: number
  cursor: string | null
}

const segmentPath = (menuType: string): string =>
  `/api/v1/segments/${encodeURIComponent(menuType)}/users`

function filterQuery(filters: SegmentFilters): URLSearchParams {
  const query = new URLSearchParams()
  if (filters.minOrders !== null) query.set('min_orders', String(filters.minOrders))
  if (filters.minConfidence !== null) query.set('min_confidence', String(filters.minConfidence))
  if (filters.orderedSince !== null) query.set('ordered_since', filters.orderedSince)
  return query
}

/** The whole filtered segment as a file. */
export function segmentCsvHref(menuType: string, filters: SegmentFilters): string {
  const query = filterQuery(filters)
  query.set('format', 'csv')
  return `${segmentPath(menuType)}?${query}`
}

export function segmentUsersHref(page: SegmentPage): string {
  const query = filterQuery(page)
  query.set('limit', String(page.limit))
  if (page.cursor !== null) query.set('cursor', page.cursor)
  return `${segmentPath(page.menuType)}?${query}`
}

export const api = {
  session: (signal: AbortSignal) => get<Session>('/api/v1/session', ['required'], signal),

  signIn: (key: string) => send<Session>('POST', '/api/v1/session', { key }, ['required']),

  signOut: () => send<object>('DELETE', '/api/v1/session', undefined, []),

  status: (signal: AbortSignal) =>
    get<Status>('/api/v1/status', ['business_day', 'log', 'days', 'time_zone'], signal),

  menuTypes: (signal: AbortSignal) =>
    get<MenuTypes>('/api/v1/menu_types', ['menu_types'], signal),

  days: (from: BusinessDay, to: BusinessDay, signal: AbortSignal) =>
    get<Days>(`/api/v1/days?${new URLSearchParams({ from, to })}`, ['days'], signal),

  day: (date: BusinessDay, signal: AbortSignal) =>
    get<DayDetail>(`/api/v1/days/${encodeURIComponent(date)}`, ['counts', 'hours'], signal),

  segments: (signal: AbortSignal) =>
    get<Segments>('/api/v1/segments', ['segments', 'users'], signal),

  segmentUsers: (page: SegmentPage, signal: AbortSignal) =>
    get<SegmentUsers>(segmentUsersHref(page), ['users'], signal),

  user: (id: string, signal: AbortSignal) =>
    get<User>(`/api/v1/users/${encodeURIComponent(id)}`, ['counts', 'days', 'changes'], signal),
}
