// Times for people: clock times, ages, and the time that is left. Knows how far this browser's clock is off the till's.
import { locale, t } from './i18n.js';

let skew = 0;

/** learn takes the Date header of an answer. It counts whole seconds, so that a small difference says nothing. */
export function learn(header) {
  const theirs = Date.parse(header ?? '');
  if (Number.isNaN(theirs)) return;
  const difference = theirs + 500 - Date.now();
  skew = Math.abs(difference) > 2500 ? difference : 0;
}

/** now is the till's time in milliseconds. */
export const now = () => Date.now() + skew;

/** clock writes the time of day of an RFC 3339 text. */
export function clock(at) {
  return new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(at));
}

/** exact writes the time of day with its seconds. */
export function exact(at) {
  const style = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };
  return new Intl.DateTimeFormat(locale(), style).format(new Date(at));
}

/** left is the number of whole seconds until a time, never below 0. */
export const left = (at) => Math.max(0, Math.ceil((Date.parse(at) - now()) / 1000));

/** span writes seconds as minutes and seconds. */
export const span = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;

/** age says how long ago a time was, in its largest unit. */
export function age(at) {
  const minutes = Math.max(0, Math.floor((now() - Date.parse(at)) / 60000));
  if (minutes < 1) return t('age.now');
  if (minutes < 60) return t('age.minutes', { n: minutes });
  return minutes < 48 * 60 ? t('age.hours', { n: Math.floor(minutes / 60) }) : t('age.days', { n: Math.floor(minutes / 1440) });
}
