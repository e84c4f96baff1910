// The pad of ten digits. It only says which key was pressed; what a digit means, its owner knows.
import { el } from './dom.js';
import { follow, t } from './i18n.js';

const rows = ['7', '8', '9', 'backspace', '4', '5', '6', 'clear', '1', '2', '3', 'enter', '0', '00'];
const faces = { backspace: '⌫', clear: 'C' };

/** keypad makes a pad; press(key) gets '0'…'9', '00', 'backspace', 'clear' or 'enter'. prefix goes before the test ids. */
export function keypad(prefix, press, enterLabel) {
  const pad = el('div', { class: 'pad', 'data-pad': prefix, role: 'group' });
  for (const key of rows) {
    pad.append(
      el(
        'button',
        { type: 'button', class: `key key-${key}`, 'data-testid': `${prefix}-${key}`, onclick: () => press(key) },
        faces[key] ?? key,
      ),
    );
  }
  const label = () => {
    pad.setAttribute('aria-label', t('pad.label'));
    pad.querySelector('.key-backspace').setAttribute('aria-label', t('pad.backspace'));
    pad.querySelector('.key-clear').setAttribute('aria-label', t('pad.clear'));
    pad.querySelector('.key-enter').textContent = t(enterLabel);
  };
  follow(label);
  label();
  return pad;
}
