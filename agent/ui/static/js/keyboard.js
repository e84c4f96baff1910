// Sends keys where they belong. Digits act at once; a letter waits until it is certain that no scanner types on; a scan takes
// back the digits that it left in the amount. In a text field the field has the keys, apart from Escape.
import { burst, gap, isScan } from './wedge.js';

/**
 * attach listens. desk: {awaited(), goods(), snapshot(), restore(snapshot), scan(text), type(text), digit(key), act(name), secret()}.
 * While secret() holds a PIN is being keyed: nothing is collected then, so that it is never taken for a scan.
 */
export function attach(desk) {
  const collector = burst();
  let before = null; // the amount as it was when the burst began
  let pending = 0;

  function printable(event) {
    if (desk.secret()) return /^[0-9]$/.test(event.key) && desk.digit(event.key);
    if (!collector.key(event.key, event.timeStamp)) before = desk.snapshot();
    clearTimeout(pending);
    if (desk.type(event.key)) return undefined;
    if (/^[0-9]$/.test(event.key)) return desk.digit(event.key);
    pending = setTimeout(() => desk.act(event.key.toLowerCase()), gap + 10);
  }

  /** ended takes an Enter or Tab that finishes a scan; true if it was one. */
  function ended(event) {
    const text = collector.take(event.timeStamp);
    if (!isScan(text, desk.awaited(), desk.goods())) return false;
    clearTimeout(pending);
    desk.restore(before);
    desk.scan(text);
    return true;
  }

  document.addEventListener(
    'keydown',
    (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
      const inField = event.target instanceof HTMLInputElement;
      if (inField && event.key !== 'Escape') return;
      if (event.key.length === 1) {
        if (event.key === ' ' && event.target instanceof HTMLButtonElement) return; // space presses the focused button
        event.preventDefault();
        return printable(event);
      }
      if ((event.key === 'Enter' || event.key === 'Tab') && ended(event)) return event.preventDefault();
      special(event, inField);
    },
    true,
  );

  // What a key has done already, it must not do once more to a button that has the focus by now.
  let handled = false;
  document.addEventListener('keydown', (event) => {
    handled = event.defaultPrevented;
  });
  document.addEventListener('keypress', (event) => handled && event.preventDefault(), true);

  function special(event, inField) {
    if (event.key === 'Escape' && inField) event.target.blur();
    if (event.key === 'Enter' && (event.repeat || ownsEnter(event.target))) return event.repeat && event.preventDefault();
    if (!['Enter', 'Escape', 'Backspace', 'Delete'].includes(event.key)) return;
    if (desk.act(event.key)) event.preventDefault();
  }

  /** ownsEnter: Enter presses the button that has the focus, except those of the pad, where it always adds the amount. */
  const ownsEnter = (target) => target instanceof HTMLButtonElement && !target.closest('[data-pad]');
}
