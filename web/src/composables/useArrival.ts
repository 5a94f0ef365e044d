// Whether the reader came from another page of ours. The focus of a visit's first page belongs to
// the browser; later pages take it to their heading.

let pagesSeen = 0

export function noteArrival(): void {
  pagesSeen += 1
}

export const cameFromAnotherPage = (): boolean => pagesSeen > 1
