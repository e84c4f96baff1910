package scenario

import (
	"context"
	"errors"

	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// Terminal is the card terminal, to be watched and handed cards.
func (d *Demo) Terminal() *zvtsim.Terminal { return d.terminal }

// KillAgent ends the till with SIGKILL and waits until it is gone. It returns false when it was gone already.
func (d *Demo) KillAgent() bool { return d.agent.kill() }

// AgentGone is closed when the present till has ended.
func (d *Demo) AgentGone() <-chan struct{} { return d.agent.gone() }

// AgentPID is the process id of the present till.
func (d *Demo) AgentPID() (int, error) {
	d.agent.mu.Lock()
	defer d.agent.mu.Unlock()
	if d.agent.cmd == nil {
		return 0, errors.New("no till was started")
	}
	return d.agent.cmd.Process.Pid, nil
}

// StartAgent starts a till that is gone and waits until it would accept a sale in cash.
func (d *Demo) StartAgent(ctx context.Context) error { return d.agent.start(ctx) }
