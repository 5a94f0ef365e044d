import { describe, expect, it } from 'vitest'
import { dayCount } from './day'
import {
  presetRange,
  presetsOf,
  presets,
  rangeDaysMax,
  rangeFromQuery,
  rangeProblem,
  shifted,
  type Calendar,
} from './range'

const calendar: Calendar = { businessDay: '2024-03-01', first: '2023-01-05', last: '2024-02-27' }

describe('presetRange', () => {
  it('counts from the business day, across the end of a leap month', () => {
    expect(presetRange('today', calendar)).toEqual({ from: '2024-03-01', to: '2024-03-01' })
    expect(presetRange('yesterday', calendar)).toEqual({ from: '2024-02-29', to: '2024-02-29' })
    expect(presetRange('last7', calendar)).toEqual({ from: '2024-02-24', to: '2024-03-01' })
    expect(presetRange('this_month', calendar)).toEqual({ from: '2024-03-01', to: '2024-03-01' })
    expect(presetRange('last_month', calendar)).toEqual({ from: '2024-02-01', to: '2024-02-29' })
  })

  it('counts the last 30 days of data from the last day with figures', () => {
    const range = presetRange('data_last30', calendar)
    expect(range).toEqual({ from: '2024-01-29', to: '2024-02-27' })
    expect(dayCount(range.from, range.to)).toBe(30)
  })

  it('goes back over the turn of a year', () => {
    const january = { ...calendar, businessDay: '2024-01-15' }
    expect(presetRange('last_month', january)).toEqual({ from: '2023-12-01', to: '2023-12-31' })
  })

  it('falls back to the business day while there is no data', () => {
    const empty = { businessDay: '2024-03-01', first: null, last: null }
    expect(presetRange('data_last30', empty).to).toBe('2024-03-01')
    expect(presetRange('all', empty)).toEqual({ from: '2024-03-01', to: '2024-03-01' })
  })

  it('never asks for more days than the server answers', () => {
    const long = { ...calendar, first: '1990-01-01' }
    const range = presetRange('all', long)
    expect(dayCount(range.from, range.to)).toBe(rangeDaysMax)
    for (const preset of presets) expect(rangeProblem(presetRange(preset, long))).toBeNull()
  })
})

describe('rangeFromQuery', () => {
  const fallback = presetRange('data_last30', calendar)

  it('reads both ends', () => {
    const range = { from: '2012-04-01', to: '2012-04-30' }
    expect(rangeFromQuery(range, calendar)).toEqual(range)
  })

  it('takes one end for a single day', () => {
    const day = { from: '2012-04-26', to: '2012-04-26' }
    expect(rangeFromQuery({ from: '2012-04-26' }, calendar)).toEqual(day)
    expect(rangeFromQuery({ to: '2012-04-26' }, calendar)).toEqual(day)
  })

  it('reads the name of a preset, which moves with the business day', () => {
    expect(rangeFromQuery({ range: 'today' }, calendar).from).toBe('2024-03-01')
  })

  it.each([
    {},
    { from: '2012-04-31', to: '2012-05-01' },
    { from: '2012-05-01', to: '2012-04-01' },
    { from: 'x' },
    { from: ['2012-04-01', '2012-04-02'] },
    { range: 'toString' },
    { from: '1990-01-01', to: '2024-01-01' },
  ])('shows the default for %j', (query) => {
    expect(rangeFromQuery(query, calendar)).toEqual(fallback)
  })
})

describe('a range', () => {
  it('names every preset that means the same days', () => {
    expect(presetsOf({ from: '2024-03-01', to: '2024-03-01' }, calendar)).toEqual([
      'today',
      'this_month',
    ])
    expect(presetsOf({ from: '2024-03-01', to: '2024-03-02' }, calendar)).toEqual([])
  })

  it('steps by its own length', () => {
    const week = { from: '2024-02-24', to: '2024-03-01' }
    expect(shifted(week, -1)).toEqual({ from: '2024-02-17', to: '2024-02-23' })
    expect(shifted(week, 1)).toEqual({ from: '2024-03-02', to: '2024-03-08' })
  })

  it('says what is wrong with it', () => {
    expect(rangeProblem({ from: '', to: '2024-01-01' })).toBe('not_a_day')
    expect(rangeProblem({ from: '2024-01-02', to: '2024-01-01' })).toBe('reversed')
    expect(rangeProblem({ from: '2000-01-01', to: '2024-01-01' })).toBe('too_long')
  })
})
