import { NOW } from '../db/index.js';

/** Which promises may go on, or must end, without anybody's doing. */
export const LOOK_TO_ADVANCE = `
SELECT
  EXISTS (
    SELECT 1 FROM promises INDEXED BY promises_expiring
    WHERE expires_at <= ${NOW} AND expires_at IS NOT NULL AND started_at IS NULL
      AND settled_at IS NULL
  ) AS expired,
  EXISTS (
    SELECT 1 FROM promises INDEXED BY promises_to_release WHERE release_due IS NOT NULL
  ) AS settled,
  EXISTS (
    SELECT 1 FROM lanes INDEXED BY lanes_to_look_at
    WHERE look_at IS NOT NULL AND look_at <= ${NOW}
  ) AS lanes`;
