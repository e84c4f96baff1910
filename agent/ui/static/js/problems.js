// Says in the page's language what the till has refused: what it was, and what to do now.
import { has, locale, t } from './i18n.js';
import { money } from './price.js';
import { age, exact } from './when.js';

/** pinWords are the refusals that speak of people and PINs; '' for all others. */
function pinWords(problem) {
  switch (problem.code) {
    case 'pin_wrong':
      return problem.tries_left > 0 ? t('pin.wrong', { n: problem.tries_left }) : t('pin.wrong_last');
    case 'pin_locked':
      return t('pin.locked', { time: exact(problem.until_at) });
    case 'not_permitted':
      return t('pin.not_permitted');
    case 'no_people':
      return t('pin.no_people');
    default:
      return '';
  }
}

/** inWords is a refusal in one or two sentences. In English the till's own words say the most. */
export function inWords(problem) {
  const own = pinWords(problem);
  if (own) return own;
  const said = [problem.detail, problem.next].filter(Boolean).join(' ');
  if (locale() === 'en' && said) return said;
  const words = [`problem.${problem.code}`, `remedy.${problem.code}`].filter(has).map((key) => t(key));
  return words.length > 0 ? words.join(t('sentence.joint')) : said || problem.title || problem.code;
}

/** headroom says how much of an offline limit is used, and what is left of it; '' where the rule has no numbers. */
export function headroom({ rule, limit, used, headroom: left }) {
  if (limit === undefined) return '';
  const write = { amount: money, total: money, age: seconds, away: seconds }[rule] ?? String;
  return t('rule.numbers', { limit: write(limit), used: write(used ?? 0), left: write(left ?? Math.max(0, limit - (used ?? 0))) });
}

const seconds = (n) => age(new Date(Date.now() - n * 1000).toISOString());
