// Reads text/event-stream (WHATWG HTML §9.2.6) from pieces of text. Comments are reported too: they are the till's heartbeat.

/** lines makes a parser: feed it text as it comes; it calls onEvent({event, data, id}) and onComment(text). */
export function parser(onEvent, onComment = () => {}) {
  let rest = '';
  let event = '';
  let data = [];
  let id;

  function line(text) {
    if (text === '') {
      if (data.length > 0) onEvent({ event: event || 'message', data: data.join('\n'), id });
      event = '';
      data = [];
      return;
    }
    if (text.startsWith(':')) return onComment(text.slice(1).trim());
    const colon = text.indexOf(':');
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') event = value;
    if (name === 'data') data.push(value);
    if (name === 'id' && !value.includes('\0')) id = value;
  }

  return function feed(text) {
    const found = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = found.pop();
    found.forEach(line);
  };
}
