// Writes money. Amounts are integers of minor units; no float ever holds one.

/** decimal writes minor units as a decimal number with a point: (1230, 2) is "12.30". */
export function decimal(amount, exponent) {
  const sign = amount < 0 ? '-' : '';
  const digits = String(Math.abs(amount)).padStart(exponent + 1, '0');
  return exponent === 0 ? sign + digits : `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

/** format writes money for people. The number goes to Intl as text, which keeps every digit. */
export function format(amount, currency, locale, exponent = 2) {
  const style = { style: 'currency', currency, minimumFractionDigits: exponent, maximumFractionDigits: exponent };
  try {
    return new Intl.NumberFormat(locale, style).format(decimal(amount, exponent));
  } catch {
    return `${decimal(amount, exponent)} ${currency}`; // a currency that this browser does not know
  }
}
