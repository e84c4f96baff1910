// Times for people, in the browser's own zone.
import { locale } from './text.js';

/** clock is a time of today, or a date and a time. */
export function clock(at, now = Date.now()) {
  const time = new Date(at);
  const today = new Date(now);
  const style = { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false };
  if (time.toDateString() !== today.toDateString()) Object.assign(style, { month: 'short', day: 'numeric' });
  if (time.getFullYear() !== today.getFullYear()) style.year = 'numeric';
  return new Intl.DateTimeFormat(locale(), style).format(time);
}

/** age says how long ago a time was, in its largest unit. */
export function age(at, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - new Date(at)) / 1000));
  const [unit, length] = [['day', 86400], ['hour', 3600], ['minute', 60]].find(([, length]) => seconds >= length) ?? ['second', 1];
  return new Intl.RelativeTimeFormat(locale(), { numeric: 'always', style: 'short' }).format(-Math.floor(seconds / length), unit);
}
