// Writes and reads money. Amounts are integers of minor units everywhere; no float ever holds one.

/** The largest amount that a payment may have, as the till's own rule says. */
export const maxAmount = 999_999_999_999;

/** decimals is the number of decimals of a currency's minor unit where it is not the usual two (ISO 4217). */
function decimals(currency) {
  if (
    ['BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'].includes(
      currency,
    )
  )
    return 0;
  if (['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].includes(currency)) return 3;
  return currency === 'CLF' ? 4 : 2;
}

/** decimal writes minor units as a decimal number with a point: (1230, 2) is "12.30". */
export function decimal(amount, exponent) {
  const sign = amount < 0 ? '-' : '';
  const digits = String(Math.abs(amount)).padStart(exponent + 1, '0');
  return exponent === 0 ? sign + digits : `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

/** format writes money for people. The number goes to Intl as text, which keeps every digit. */
export function format(amount, currency, locale, exponent = decimals(currency)) {
  const style = {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: exponent,
    maximumFractionDigits: exponent,
  };
  try {
    return new Intl.NumberFormat(locale, style).format(decimal(amount, exponent));
  } catch {
    return `${decimal(amount, exponent)} ${currency}`; // a currency that this browser does not know
  }
}

/** typed reads keyed digits as minor units: they fill from the right, "1230" is 12.30. */
export const typed = (digits) => (digits === '' ? 0 : Number(digits));

/** push adds a key to keyed digits; what would be more than the largest amount is not taken. */
export function push(digits, key) {
  const next = (digits + key).replace(/^0+/, '');
  return Number(next) > maxAmount ? digits : next;
}
