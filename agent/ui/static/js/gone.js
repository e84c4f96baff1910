// The banner that says that the till's program does not answer. Nothing on the page is changed by it: what was shown stays true
// or is asked for again when the program is back.
import { find, setText, show } from './dom.js';
import { t } from './i18n.js';
import { state } from './state.js';

/** draw shows or hides the banner and counts the seconds, so that one sees that something still runs. */
export function draw() {
  const gone = state.goneSince !== 0;
  show(find('gone'), gone);
  document.body.classList.toggle('is-gone', gone);
  if (!gone) return;
  setText(find('gone-text'), t('gone.text'));
  setText(find('gone-time'), t('gone.time', { n: Math.max(0, Math.round((Date.now() - state.goneSince) / 1000)) }));
}
