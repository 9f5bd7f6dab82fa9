/**
 * What every write that settles promises does besides, for `p`: a key whose scope
 * ends with it is free again, and dependents are to be told.
 */
export const ON_SETTLED = `
  unique_key = iif(p.unique_scope IN ('pending', 'unsettled'), NULL, p.unique_key),
  release_due = (
    SELECT 1 FROM dependencies d INDEXED BY dependencies_open_by_parent
    WHERE d.parent_id = p.id AND d.outcome IS NULL LIMIT 1
  )`;

/** What a promise in a lane waits for, for `p`. */
export const WAIT_OF_LANE = "iif(p.is_strict, 'turn', 'lane')";

/** The priorities, one row each: index seeks per priority keep a claim flat (F21). */
export const PRIORITIES = "json_each('[1,2,3,4,5,6,7,8,9,10]')";
