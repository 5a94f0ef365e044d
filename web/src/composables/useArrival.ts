// Whether the reader came from another page of konomi. On the first page of a visit the browser
// places the focus; later pages move it to their heading.

let pagesSeen = 0

export function noteArrival(): void {
  pagesSeen += 1
}

export const cameFromAnotherPage = (): boolean => pagesSeen > 1
