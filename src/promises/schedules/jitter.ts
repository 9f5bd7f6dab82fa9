/**
 * Milliseconds from 0 to `jitterMs` by which a slot's promise is due later. The same
 * for the same schedule and slot, whichever instance fires it.
 */
export function jitterOf(schedule: string, slotAt: number, jitterMs: number): number {
  return jitterMs === 0 ? 0 : hash(`${schedule}\n${slotAt}`) % (jitterMs + 1);
}

/** FNV-1a, then mixed: neighbouring slots must not get neighbouring values. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
