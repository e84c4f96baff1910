// Asks before something that cannot be taken back.
import { find, setText } from './dom.js';
import { t } from './i18n.js';

let answer = () => {};

/** attach listens to the two buttons. */
export function attach() {
  find('confirm-yes').addEventListener('click', () => done(true));
  find('confirm-no').addEventListener('click', () => done(false));
}

/** confirm resolves to true only if "yes" was pressed. values fill in the {names} of both texts. */
export function confirm(question, yes, values = {}) {
  setText(find('confirm-text'), t(question, values));
  setText(find('confirm-yes'), t(yes, values));
  find('confirm').showModal();
  find('confirm-no').focus();
  return new Promise((resolve) => {
    answer = resolve;
  });
}

/** isOpen says whether a question waits; Escape answers no. */
export const isOpen = () => find('confirm').open;

/** done closes the question. */
export function done(yes) {
  if (isOpen()) find('confirm').close();
  answer(yes);
}
