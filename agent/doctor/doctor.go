package doctor

import (
	"context"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/agent/detect"
)

// Options say what to examine.
type Options struct {
	Config  string         // path of till.yaml
	Machine detect.Machine // "/" for this one
	Version string         // of this program
}

// till is what is known of the examined till.
type till struct {
	Options
	config agent.Config
	ports  []detect.Port
	status *api.Status // of the running agent, nil when none answers
	silent error       // why none answers
	now    time.Time
	synced func() (yes, known bool) // whether a time service keeps the clock
}

// check is one thing to look at. Findings without a name of their own take the check's.
type check struct {
	name string
	look func(ctx context.Context, t *till) []Finding
}

// checks are made in this order: what others build on comes first.
func checks() []check {
	return []check{
		{"agent", runs},
		{"version", version},
		{"timezone", timezone},
		{"files", files},
		{"journal", journalOpens},
		{"payments", payments},
		{"delivery", delivery},
		{"disk", disk},
		{"file system", fileSystem},
		{"clock", clock},
		{"certificate", certificate},
		{"platform", platform},
		{"programs", programs},
		{"device", devices},
	}
}

// Examine looks at everything and tells each finding as it comes. The end of ctx ends it early. Without a usable configuration that is the only finding.
func Examine(ctx context.Context, o Options, tell func(Finding)) []Finding {
	t := &till{Options: o, now: time.Now(), synced: timeService}
	return t.examine(ctx, tell)
}

func (t *till) examine(ctx context.Context, tell func(Finding)) (all []Finding) {
	add := func(name string, list []Finding) {
		for _, f := range list {
			if f.Check == "" {
				f.Check = name
			}
			all = append(all, f)
			tell(f)
		}
	}
	list := t.load()
	add("config", list)
	if Verdict(list) != Well {
		return all
	}
	t.ports, _ = t.Machine.Ports() // a system without a list has no findings about ports
	t.status, t.silent = ask(ctx, &t.config)
	for _, c := range checks() {
		if ctx.Err() != nil {
			return all
		}
		add(c.name, c.look(ctx, t))
	}
	return all
}
