import { describe, expect, it } from 'vitest'
import { currentDay, totalsByHour, totalsByType } from './counts'
import type { Day } from '../api/types'
import { confidenceWord, Formatter, share } from './format'

const ja = new Formatter('ja', 'Asia/Tokyo')
const en = new Formatter('en', 'Asia/Tokyo')

describe('Formatter', () => {
  it('writes days as they are named, in any time zone of the browser', () => {
    expect(ja.day('2012-04-26')).toBe('2012年4月26日(木)')
    expect(ja.tableDay('2012-04-26')).toBe('2012/04/26(木)')
    expect(en.day('2012-04-26')).toContain('26 April 2012')
    expect(ja.range('2012-04-26', '2012-04-26')).toBe('2012年4月26日(木)')
    expect(ja.range('2012-04-26', '2012-04-27')).toBe('2012年4月26日(木)〜2012年4月27日(金)')
  })

  it('writes instants in the time zone of the restaurant', () => {
    expect(ja.instant('2012-04-26T15:30:00.000Z')).toBe('2012/04/27 00:30:00')
    expect(new Formatter('ja', 'No/Where').instant('2012-04-26T15:30:00Z')).toContain('15:30:00')
  })

  it('writes numbers with separators', () => {
    expect(ja.integer(10561)).toBe('10,561')
    expect(en.decimal(36.24)).toBe('36.2')
  })

  it('does not round something to nothing or to all', () => {
    expect(en.percent(0)).toBe('0.0%')
    expect(en.percent(0.0001)).toBe('<0.1%')
    expect(en.percent(0.413)).toBe('41.3%')
    expect(en.percent(0.9999)).toBe('>99.9%')
    expect(en.percent(1)).toBe('100.0%')
    expect(en.confidence(1)).toBe('>99.9%')
  })
})

describe('share', () => {
  it('of nothing is nothing', () => {
    expect(share(0, 0)).toBe(0)
  })
})

describe('confidenceWord', () => {
  it('grows with the probability', () => {
    expect([0.5, 0.6, 0.8, 0.95].map(confidenceWord)).toEqual([
      'unclear',
      'leaning',
      'likely',
      'certain',
    ])
  })
})

describe('sums over days', () => {
  const day = (date: string, washoku: number, hour: number): Day => ({
    date,
    state: 'final',
    revision: 0,
    computed_at: '2024-01-01T00:00:00.000Z',
    counted_up_to: 1,
    orders: washoku,
    users: 1,
    counts: [
      { menu_type: 'washoku', count: washoku },
      { menu_type: 'yoshoku', count: 0 },
    ],
    hours: Array.from({ length: 24 }, (_, h) => (h === hour ? washoku : 0)),
  })
  const days = [day('2024-01-01', 2, 12), day('2024-01-03', 3, 12)]

  it('keep types without orders', () => {
    expect([...totalsByType(days)]).toEqual([
      ['washoku', 5],
      ['yoshoku', 0],
    ])
    expect(totalsByHour(days)[12]).toBe(5)
  })

  it('greet with the running day, else the last one before it', () => {
    expect(currentDay(days, '2024-01-03')?.date).toBe('2024-01-03')
    expect(currentDay(days, '2024-01-02')?.date).toBe('2024-01-01')
    expect(currentDay(days, '2023-01-02')?.date).toBe('2024-01-03')
    expect(currentDay([], '2024-01-02')).toBeUndefined()
  })
})
