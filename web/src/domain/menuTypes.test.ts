import { describe, expect, it } from 'vitest'
import type { MenuType } from '../api/types'
import { catalogueColors, fold, foldCounts, labelOf, palette } from './menuTypes'

const type = (menu_type: string, more: Partial<MenuType> = {}): MenuType => ({
  menu_type,
  labels: { ja: '', en: '' },
  color: null,
  position: null,
  hidden: false,
  ...more,
})

describe('catalogueColors', () => {
  it('prefers the colour of the catalogue, then the palette by position', () => {
    const colors = catalogueColors([type('a', { color: '#ABC' }), type('b'), type('c')])
    expect([colors.get('a'), colors.get('b'), colors.get('c')]).toEqual([
      '#ABC',
      palette[0],
      palette[1],
    ])
  })

  it('does not give a type a colour that another one was given', () => {
    const colors = catalogueColors([type('a', { color: palette[0] }), type('b')])
    expect(colors.get('b')).toBe(palette[1])
  })

  it('takes no colour that is none', () => {
    expect(catalogueColors([type('a', { color: 'url(x)' })]).get('a')).toBe(palette[0])
  })

  it('gives each of many types a colour', () => {
    const many = Array.from({ length: 40 }, (_, i) => type(`t${i}`))
    expect(new Set(catalogueColors(many).values()).size).toBe(40)
  })
})

describe('labelOf', () => {
  it('is in the language chosen', () => {
    const washoku = type('washoku', { labels: { ja: '和食', en: 'Japanese' } })
    expect(labelOf(washoku, 'washoku', 'ja')).toBe('和食')
    expect(labelOf(washoku, 'washoku', 'en')).toBe('Japanese')
  })

  it('falls back to another language and then to the id', () => {
    const washoku = type('washoku', { labels: { ja: '和食', en: '' } })
    expect(labelOf(washoku, 'washoku', 'ja')).toBe('和食')
    expect(labelOf(washoku, 'washoku', 'en')).toBe('和食')
    const cafe = type('cafe', { labels: { ja: '', en: 'Café' } })
    expect(labelOf(cafe, 'cafe', 'ja')).toBe('Café')
    expect(labelOf(type('chuka'), 'chuka', 'ja')).toBe('chuka')
    expect(labelOf(undefined, 'chuka', 'ja')).toBe('chuka')
  })
})

describe('fold', () => {
  const totals = new Map([
    ['a', 1],
    ['b', 9],
    ['c', 3],
    ['d', 5],
    ['e', 0],
  ])
  const order = [...totals.keys()]

  it('keeps the largest in catalogue order and sums up the others', () => {
    const folded = fold(order, totals, new Set(), 2)
    expect(folded).toEqual({ kept: ['b', 'd'], folded: ['a', 'c', 'e'] })
    expect(foldCounts(totals, folded)).toEqual([9, 5, 4])
  })

  it('does not fold a single one', () => {
    expect(fold(order, totals, new Set(), 4)).toEqual({ kept: order, folded: [] })
  })

  it('never draws hidden types on their own, and never loses their orders', () => {
    const folded = fold(order, totals, new Set(['b', 'e']), 8)
    expect(folded).toEqual({ kept: ['a', 'c', 'd'], folded: ['b'] })
    expect(foldCounts(totals, folded)).toEqual([1, 3, 5, 9])
  })
})
