package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/agent/goods"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Shop is what a screen has to know of the shop before it can sell.
type Shop struct {
	Currency  pos.Currency `json:"currency"`
	Exponent  int          `json:"exponent" doc:"Decimals of the currency's minor unit (ISO 4217)"`
	CashStep  pos.Minor    `json:"cash_step" doc:"The smallest sum in coins, minor units: what is due in cash is rounded to the nearest multiple"`
	Timezone  string       `json:"timezone" doc:"IANA name of the shop's zone"`
	Tenders   []pos.Tender `json:"tenders"`
	QR        []ShopQR     `json:"qr" doc:"Schemes of the tender qr; without a scheme the first that works now is taken"`
	Languages []string     `json:"languages" doc:"BCP 47 tags, the shop's first choice first"`
	Goods     bool         `json:"goods" doc:"GET /v1/goods has items"`
	Name      string       `json:"name,omitempty" doc:"From the platform's configuration"`
	Address   string       `json:"address,omitempty" doc:"From the platform's configuration; lines are separated by line feeds"`
}

// ShopQR is a scheme of the tender qr and who makes its codes.
type ShopQR struct {
	Scheme string        `json:"scheme"`
	Source record.Source `json:"source" enum:"local,platform" doc:"local works offline too"`
}

// complete fills in what follows from the rest. Lists are never null.
func (s Shop) complete(goods bool) Shop {
	s.Exponent, s.Goods = s.Currency.Exponent(), goods
	if s.CashStep == 0 {
		s.CashStep = pos.CashStep(s.Currency)
	}
	s.Tenders = append([]pos.Tender{}, s.Tenders...)
	s.QR = append([]ShopQR{}, s.QR...)
	s.Languages = append([]string{}, s.Languages...)
	return s
}

// Goods is what the shop sells, in the order in which a screen shows it. Both methods must be safe for concurrent use.
type Goods interface {
	Find(code string) (goods.Item, bool)
	Items() []goods.Item
}

// Item is one of the goods. Price is in minor units of Currency.
type Item struct {
	Code     string       `json:"code"`
	Name     string       `json:"name"`
	Price    pos.Minor    `json:"price"`
	Currency pos.Currency `json:"currency"`
	Group    string       `json:"group,omitempty"`
}

type goodsOutput struct {
	Body struct {
		Items []Item `json:"items"`
	}
}

type itemInput struct {
	Code string `path:"code" doc:"As it stands on the label; GTINs of any length are alike"`
}

type itemOutput struct{ Body Item }

func (s *server) registerGoods(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-goods", Method: http.MethodGet, Path: "/v1/goods", Summary: "What the shop sells"}, s.listGoods)
	huma.Register(api, huma.Operation{OperationID: "find-goods", Method: http.MethodGet, Path: "/v1/goods/{code}", Summary: "Find goods by their code"}, s.findGoods)
}

func (s *server) listGoods(context.Context, *struct{}) (*goodsOutput, error) {
	out := &goodsOutput{}
	out.Body.Items = []Item{}
	if s.Goods != nil {
		for _, i := range s.Goods.Items() {
			out.Body.Items = append(out.Body.Items, item(i))
		}
	}
	return out, nil
}

func (s *server) findGoods(_ context.Context, in *itemInput) (*itemOutput, error) {
	if s.Goods != nil {
		if found, ok := s.Goods.Find(in.Code); ok {
			return &itemOutput{item(found)}, nil
		}
	}
	return nil, problemOf(pos.NewError("not_found", pos.Permanent, pos.NoneMoved, "The shop has no goods of this code.", "Type the price, or add the goods to the shop's list."))
}

func item(i goods.Item) Item {
	return Item{Code: i.Code, Name: i.Name, Price: i.Price.Amount, Currency: i.Price.Currency, Group: i.Group}
}
