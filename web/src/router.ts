// The addresses of the page. They hold everything that a reader can choose.

import { createRouter, createWebHistory } from 'vue-router'
import { noteArrival } from './composables/useArrival'
import { isLocale, setLocale } from './i18n'
import HomePage from './pages/home/HomePage.vue'

declare module 'vue-router' {
  interface RouteMeta {
    /** A key under `title` in the messages. */
    title: 'home' | 'daily' | 'segments' | 'user' | 'not_found'
  }
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'home', component: HomePage, meta: { title: 'home' } },
    {
      path: '/daily',
      name: 'daily',
      component: () => import('./pages/daily/DailyPage.vue'),
      meta: { title: 'daily' },
    },
    {
      path: '/daily/:date',
      name: 'day',
      component: () => import('./pages/day/DayPage.vue'),
      props: true,
      meta: { title: 'daily' },
    },
    {
      path: '/segments',
      name: 'segments',
      component: () => import('./pages/segments/SegmentsPage.vue'),
      meta: { title: 'segments' },
    },
    {
      path: '/users/:id',
      name: 'user',
      component: () => import('./pages/user/UserPage.vue'),
      props: true,
      meta: { title: 'user' },
    },
    {
      path: '/:rest(.*)*',
      name: 'not_found',
      component: () => import('./pages/NotFoundPage.vue'),
      meta: { title: 'not_found' },
    },
  ],
  scrollBehavior(to, from, saved) {
    if (saved !== null) return saved
    // A new choice on the same page does not scroll.
    return to.path === from.path ? false : { top: 0 }
  },
})

router.beforeEach((to) => {
  const language = to.query['lang']
  if (isLocale(language)) setLocale(language)
})

router.afterEach((to, from, failure) => {
  if (failure === undefined && (to.path !== from.path || from.matched.length === 0)) noteArrival()
})
