import { describe, expect, it } from 'vitest'
import { preferredLocale } from '.'
import en from './en'
import ja from './ja'

type Tree = { [key: string]: string | Tree }

function flat(tree: Tree, path = ''): Map<string, string> {
  const entries = Object.entries(tree).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[path + key, value]] : [...flat(value, `${path}${key}.`)],
  )
  return new Map(entries)
}

const [japanese, english] = [flat(ja), flat(en)]
const names = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort()

describe('the two languages', () => {
  it('have the same keys', () => {
    expect([...english.keys()].sort()).toEqual([...japanese.keys()].sort())
  })

  it('name the same values in each message', () => {
    for (const [key, text] of japanese) expect(names(english.get(key) ?? ''), key).toEqual(names(text))
  })

  it('leave no message empty', () => {
    for (const text of [...japanese.values(), ...english.values()]) expect(text.trim()).not.toBe('')
  })
})

describe('the page', () => {
  const sources = import.meta.glob<string>('../**/*.{vue,ts}', {
    query: '?raw',
    import: 'default',
    eager: true,
  })
  const source = Object.entries(sources)
    .filter(([path]) => !path.endsWith('.test.ts'))
    .map(([, text]) => text)
    .join('\n')

  it('asks for messages that exist', () => {
    const asked = [...source.matchAll(/(?:\bt\(\s*|keypath=)['"]([\w.]+)['"]/g)].map((m) => m[1])
    expect(asked.length).toBeGreaterThan(50)
    for (const key of asked) expect(japanese.has(key ?? ''), key).toBe(true)
  })

  it('has no message that nobody asks for', () => {
    // Code names a key in full or by its beginning, as in t(`state.${state}`).
    const begun = [...source.matchAll(/`([\w.]+\.)\$\{/g)].map((m) => m[1] ?? '')
    const unused = [...japanese.keys()].filter(
      (key) =>
        !source.includes(`'${key}'`) &&
        !source.includes(`"${key}"`) &&
        !begun.some((beginning) => key.startsWith(beginning)),
    )
    expect(unused).toEqual([])
  })

  it('has its words in the locale files', () => {
    const outside = Object.entries(sources).filter(
      ([path, text]) =>
        path.endsWith('.vue') &&
        /[\u3040-\u30ff\u4e00-\u9fff]/.test(text.replace(/<script[\s\S]*?<\/script>/, '')),
    )
    expect(outside.map(([path]) => path)).toEqual([])
  })
})

describe('preferredLocale', () => {
  it('is what was chosen, else what the browser asks for', () => {
    expect(preferredLocale('en', ['ja-JP'])).toBe('en')
    expect(preferredLocale(null, ['ja-JP', 'en'])).toBe('ja')
    expect(preferredLocale(null, ['en-US', 'ja'])).toBe('en')
    expect(preferredLocale('xx', ['fr', 'ja'])).toBe('ja')
    expect(preferredLocale(null, ['fr'])).toBe('en')
    expect(preferredLocale(null, [])).toBe('ja')
  })
})
