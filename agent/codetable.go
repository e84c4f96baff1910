package agent

import (
	"github.com/tillproof/tillproof/qr/code"
	"github.com/tillproof/tillproof/sync/provision"
)

// codes is the table by which customers' codes are told apart: the platform's where it is newer than the one that the program was built with.
func (c *configuring) codes() code.Table {
	table := code.BuiltIn()
	if d := c.current(); d != nil && d.Codes != nil && d.Codes.Version > table.Version {
		return tableOf(d.Codes)
	}
	return table
}

func tableOf(c *provision.Codes) code.Table {
	t := code.Table{Version: c.Version}
	for _, r := range c.Rules {
		t.Rules = append(t.Rules, code.Rule{Scheme: code.Scheme(r.Scheme), Name: r.Name, Form: code.Form(r.Form), Prefixes: r.Prefixes, Least: r.Least,
			Most: r.Most, Enabled: r.Enabled})
	}
	return t
}
