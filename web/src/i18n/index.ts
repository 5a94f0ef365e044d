// The two languages of the page, which one is shown, and where the choice is stored.

import { createI18n } from 'vue-i18n'
import en from './en'
import ja, { type Messages } from './ja'

export const locales = ['ja', 'en'] as const
export type Locale = (typeof locales)[number]

/** The name of each language in that language. */
export const localeNames: Record<Locale, string> = { ja: '日本語', en: 'English' }

const storageKey = 'konomi.language'

export const isLocale = (value: unknown): value is Locale => locales.some((l) => l === value)

/**
 * The stored choice, else the first of the browser's languages that the page has, else English.
 * A browser that names no language gets Japanese.
 */
export function preferredLocale(stored: string | null, browser: readonly string[]): Locale {
  if (isLocale(stored)) return stored
  const wanted = browser.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLocale)
  return wanted ?? (browser.length === 0 ? 'ja' : 'en')
}

export const i18n = createI18n<[Messages], Locale, false>({
  legacy: false,
  locale: preferredLocale(storedLocale(), navigatorLanguages()),
  fallbackLocale: 'en',
  messages: { ja, en },
})

export function setLocale(locale: Locale): void {
  i18n.global.locale.value = locale
  try {
    localStorage.setItem(storageKey, locale)
  } catch {
    // Without storage, the next visit starts with the browser's language.
  }
}

function storedLocale(): string | null {
  try {
    return localStorage.getItem(storageKey)
  } catch {
    return null
  }
}

function navigatorLanguages(): readonly string[] {
  return typeof navigator === 'undefined' ? [] : navigator.languages
}
