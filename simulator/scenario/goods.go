package scenario

import (
	"bytes"
	"embed"
	"encoding/csv"
)

//go:embed static
var static embed.FS

// goodsList is the demo shop's list of goods. The barcodes are of the range that every shop may use inside its own doors (GS1
// prefix 20).
func goodsList() []byte {
	text, _ := static.ReadFile("static/goods.csv") // embedded
	return text
}

// article is one of the goods, for the panel.
type article struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// articles are the goods for the panel's buttons.
func articles() []article {
	list := []article{}
	lines, _ := csv.NewReader(bytes.NewReader(goodsList())).ReadAll() // the till refuses a damaged list before anybody sees the panel
	for i, line := range lines {
		if i > 0 && len(line) > 1 {
			list = append(list, article{Code: line[0], Name: line[1]})
		}
	}
	return list
}
