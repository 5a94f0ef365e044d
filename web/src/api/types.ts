// Names for the schemas of docs/openapi.json that the page uses; see there for what they mean.

import type { components } from './specification'

type Schemas = components['schemas']

export type BusinessDay = Schemas['Date']
export type Day = Schemas['Day']
export type DayDetail = Schemas['DayDetail']
export type DayState = Schemas['DayState']
export type Instant = Schemas['Instant']
export type MenuType = Schemas['MenuType']
export type MenuTypes = Schemas['MenuTypes']
export type Preference = Schemas['Preference']
export type Segments = Schemas['Segments']
export type Session = Schemas['Session']
export type Status = Schemas['Status']
export type TypeCount = Schemas['TypeCount']
export type User = Schemas['User']
