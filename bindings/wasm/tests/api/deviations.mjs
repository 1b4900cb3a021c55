// Members of Yjs that Ropewalk does not have, or has otherwise, each with its reason. A member that is
// there after all must not be listed.
export const kDeviations = {}
