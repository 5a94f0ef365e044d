import { expect, it } from 'vitest'
import { href } from './request'

it('fills in the places of the path', () => {
  expect(href('/api/v1/status', {})).toBe('/api/v1/status')
  expect(href('/api/v1/users/{id}', { id: 'a/b ?{id}$&' })).toBe(
    '/api/v1/users/a%2Fb%20%3F%7Bid%7D%24%26',
  )
})

it('puts everything else into the query, but not a null', () => {
  const segment = { menu_type: '和食', min_orders: 2, cursor: null, ordered_since: '2012-04-26' }
  expect(href('/api/v1/segments/{menu_type}/users', segment)).toBe(
    '/api/v1/segments/%E5%92%8C%E9%A3%9F/users?min_orders=2&ordered_since=2012-04-26',
  )
})
