import { afterEach, describe, expect, it, vi } from 'vitest'
import { api, segmentCsvHref } from '../api'
import { userLink } from './links'
import { changed, defaultPageSize, pageSize, segmentFilters, text } from './query'

const none = { minOrders: null, minConfidence: null, orderedSince: null }

describe('segmentFilters', () => {
  it('reads what is there', () => {
    const query = { min_orders: '5', min_confidence: '0.9', ordered_since: '2012-12-01' }
    expect(segmentFilters(query)).toEqual({
      minOrders: 5,
      minConfidence: 0.9,
      orderedSince: '2012-12-01',
    })
  })

  it('leaves out what cannot be', () => {
    expect(segmentFilters({})).toEqual(none)
    expect(
      segmentFilters({ min_orders: '-1', min_confidence: '1.5', ordered_since: 'soon' }),
    ).toEqual(none)
    expect(segmentFilters({ min_orders: '1.5', min_confidence: '0' })).toEqual(none)
  })
})

describe('the query', () => {
  it('changes in part and keeps the rest', () => {
    const query = { lang: 'en', cursor: 'abc', page: '2' }
    expect(changed(query, { cursor: null, page: null, type: 'cafe' })).toEqual({
      lang: 'en',
      type: 'cafe',
    })
  })

  it('gives the first of a repeated value', () => {
    expect(text({ type: ['a', 'b'] }, 'type')).toBe('a')
    expect(text({ type: '' }, 'type')).toBeNull()
  })

  it('holds page sizes to what the server allows', () => {
    expect(pageSize({ limit: '1000' })).toBe(1000)
    expect(pageSize({ limit: '1001' })).toBe(defaultPageSize)
    expect(pageSize({ limit: '2.5' })).toBe(defaultPageSize)
  })
})

describe('addresses', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('carry any menu type and the same filters in list and file', async () => {
    const filters = { ...none, minOrders: 5 }
    const fetched = vi.fn(() => Promise.resolve(new Response('null')))
    vi.stubGlobal('fetch', fetched)
    const page = { menuType: 'a/b ?%', limit: 50, cursor: 'c=', ...filters }
    await expect(api.segmentUsers(page, new AbortController().signal)).rejects.toThrow('format')
    expect(fetched).toHaveBeenCalledWith(
      '/api/v1/segments/a%2Fb%20%3F%25/users?min_orders=5&limit=50&cursor=c%3D',
      expect.anything(),
    )
    expect(segmentCsvHref('cafe', filters)).toBe(
      '/api/v1/segments/cafe/users?min_orders=5&format=csv',
    )
  })

  it('of users look like no file', () => {
    expect(userLink('mika@example.com')).toEqual({ path: '/users/mika%40example%2Ecom' })
    expect(userLink('a/b#c')).toEqual({ path: '/users/a%2Fb%23c' })
  })
})
