// Tells a keyboard-wedge scanner from fingers: it types a whole code in one burst and ends it with Enter.

/** Keys of one burst come at most this many milliseconds apart; fingers are slower. */
export const gap = 50;

/** A burst this long is a code whatever the till is doing: the shortest printed one is EAN-8. */
export const longCode = 8;

/**
 * burst makes a collector. key(text, at) adds a key and says whether it goes on a burst; take() returns the burst and forgets
 * it.
 */
export function burst() {
  let text = '';
  let last = -Infinity;
  return {
    key(key, at) {
      const goesOn = at - last <= gap;
      text = goesOn ? text + key : key;
      last = at;
      return goesOn;
    },
    take(at) {
      const taken = at - last <= gap ? text : '';
      text = '';
      last = -Infinity;
      return taken;
    },
  };
}

/** isScan says whether a burst is a code: it is long, or a code is awaited, or it is the short code of known goods. */
export function isScan(text, awaited, goods) {
  if (text.length >= longCode) return true;
  return text.length >= 3 && (awaited || goods.some((item) => item.code === text));
}
