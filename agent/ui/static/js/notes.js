// Proposes what a customer is likely to hand over in cash: the exact amount and the next notes above it.

/** notes lists the notes (and the largest coins) of a currency in minor units, smallest first. */
function notes(currency, exponent) {
  const major = {
    JPY: [500, 1000, 5000, 10000],
    KRW: [1000, 5000, 10000, 50000],
    CNY: [1, 5, 10, 20, 50, 100],
    CLP: [1000, 2000, 5000, 10000, 20000],
    HUF: [500, 1000, 2000, 5000, 10000, 20000],
    INR: [10, 20, 50, 100, 200, 500],
    THB: [20, 50, 100, 500, 1000],
    VND: [10000, 20000, 50000, 100000, 200000, 500000],
    IDR: [5000, 10000, 20000, 50000, 100000],
    CHF: [10, 20, 50, 100, 200],
    USD: [1, 5, 10, 20, 50, 100],
    GBP: [5, 10, 20, 50],
  }[currency] ?? [5, 10, 20, 50, 100, 200];
  return major.map((note) => note * 10 ** exponent);
}

/** suggest lists at most five amounts, the exact one first. */
export function suggest(amount, currency, exponent) {
  const up = notes(currency, exponent).map((note) => Math.ceil(amount / note) * note);
  return [...new Set([amount, ...up.sort((a, b) => a - b)])].slice(0, 5);
}
