import { describe, expect, it } from 'vitest'
import { addDays, eachDay, hourOrder, isDay } from './day'

describe('isDay', () => {
  it('accepts days of the calendar only', () => {
    expect(isDay('2024-02-29')).toBe(true)
    for (const text of ['2023-02-29', '2024-13-01', '2024-1-1', '1969-12-31', '', null, 20240101]) {
      expect(isDay(text)).toBe(false)
    }
  })
})

describe('days', () => {
  it('are all 24 hours apart, whatever clocks do that day', () => {
    expect(eachDay('2024-03-30', '2024-04-01')).toEqual(['2024-03-30', '2024-03-31', '2024-04-01'])
    expect(addDays('2024-10-27', 1)).toBe('2024-10-28')
    expect(eachDay('2024-01-02', '2024-01-01')).toEqual([])
  })
})

describe('hourOrder', () => {
  it('begins where the business day does', () => {
    expect(hourOrder('00:00')[0]).toBe(0)
    const night = hourOrder('05:30')
    expect([night[0], night[18], night[19], night[23]]).toEqual([5, 23, 0, 4])
    expect(hourOrder('?')).toHaveLength(24)
  })
})
