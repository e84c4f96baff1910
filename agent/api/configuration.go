package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/sync/provision"
)

// Configuration is what the platform has configured the till to.
type Configuration struct {
	Version uint64            `json:"version" doc:"0: nothing"`
	At      string            `json:"at,omitempty" format:"date-time" doc:"When the platform sent it, by its clock"`
	Shop    *ConfiguredShop   `json:"shop,omitempty"`
	Hotlist *HotlistState     `json:"hotlist,omitempty"`
	Codes   *CodesState       `json:"codes,omitempty"`
	Values  map[string]string `json:"values" doc:"For the shop's own programs"`
}

// ConfiguredShop is what the platform calls the shop.
type ConfiguredShop provision.Shop

// HotlistState tells of the list of cards that are not taken.
type HotlistState struct {
	Version  uint64 `json:"version"`
	IssuedAt string `json:"issued_at" format:"date-time"`
	Cards    int    `json:"cards" doc:"How many it names"`
}

// CodesState tells of the table of customers' payment codes.
type CodesState struct {
	Version int `json:"version" doc:"It counts where it is above that of the till's own table"`
	Rules   int `json:"rules" doc:"How many it has"`
}

type configurationOutput struct{ Body Configuration }

func (s *server) registerConfiguration(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "get-configuration", Method: http.MethodGet, Path: "/v1/configuration",
		Summary: "What the platform has configured the till to"}, s.configuration)
}

// provisioned is the configuration in force, nil for none.
func (s *server) provisioned() *provision.Document {
	if s.Provisioned == nil {
		return nil
	}
	return s.Provisioned()
}

func (s *server) configuration(context.Context, *struct{}) (*configurationOutput, error) {
	out := &configurationOutput{Configuration{Values: map[string]string{}}}
	d := s.provisioned()
	if d == nil {
		return out, nil
	}
	out.Body.Version, out.Body.At, out.Body.Shop = d.Version, Timestamp(d.At), (*ConfiguredShop)(d.Shop)
	if d.Values != nil {
		out.Body.Values = d.Values
	}
	if h := d.Hotlist; h != nil {
		out.Body.Hotlist = &HotlistState{h.Version, Timestamp(h.IssuedAt), len(h.Cards)}
	}
	if c := d.Codes; c != nil {
		out.Body.Codes = &CodesState{c.Version, len(c.Rules)}
	}
	return out, nil
}

// named puts what the platform calls the shop in the place of what the till's own file says.
func (s Shop) named(d *provision.Document) Shop {
	if d == nil || d.Shop == nil {
		return s
	}
	s.Name, s.Address = d.Shop.Name, d.Shop.Address
	if len(d.Shop.Languages) > 0 {
		s.Languages = append([]string{}, d.Shop.Languages...)
	}
	return s
}
