package mqtt

import "context"

// Subscribe asks for more filters while the connection lives. It fails when the broker grants one of them not; the others are granted then. It must not be
// called by the Handler, which would wait for itself.
func (c *Conn) Subscribe(ctx context.Context, filters ...string) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return c.subscribe(ctx, filters)
}

// Unsubscribe ends filters. Messages that are on their way may still come.
func (c *Conn) Unsubscribe(ctx context.Context, filters ...string) error {
	if len(filters) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return wait(ctx, c.client.Unsubscribe(filters...))
}
