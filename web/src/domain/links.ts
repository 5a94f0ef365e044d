// Links to the pages.

import type { LocationQueryRaw, RouteLocationRaw } from 'vue-router'
import type { BusinessDay } from '../api/types'

export const dayLink = (day: BusinessDay): RouteLocationRaw => ({
  name: 'day',
  params: { date: day },
})

export const daysLink = (query: LocationQueryRaw = {}): RouteLocationRaw => ({
  name: 'daily',
  query,
})

export const segmentLink = (menuType: string): RouteLocationRaw => ({
  name: 'segments',
  query: { type: menuType },
})

/**
 * An id is any text. A dot is written %2E, so that a server which serves the page for every address
 * without a file name does not take an id such as "mika@example.com" for a file.
 */
export const userLink = (id: string): RouteLocationRaw => ({
  path: `/users/${encodeURIComponent(id).replaceAll('.', '%2E')}`,
})
