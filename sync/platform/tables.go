package platform

import "github.com/tillproof/tillproof/sync/platform/database"

// asText, asNumber and asBytes are columns of the tables that are written in bulk.
func asText(name string) database.Column   { return database.Column{Name: name, Type: "TEXT"} }
func asNumber(name string) database.Column { return database.Column{Name: name, Type: "BIGINT"} }
func asBytes(name string) database.Column  { return database.Column{Name: name, Type: "BYTEA"} }

// recordColumns are those that records and forks have in common, in the order of [entry.row].
func recordColumns() []database.Column {
	return []database.Column{asNumber("kind"), asBytes("payment"), asText("held"), asNumber("received_at"), asBytes("signature"), asBytes("bytes")}
}

func recordsTable() *database.Table {
	return &database.Table{Name: "records", Columns: append(recordColumns(), asNumber("id"))}
}

func forksTable() *database.Table {
	return &database.Table{Name: "forks", Columns: append(recordColumns(), asText("till"), asBytes("epoch"), asNumber("seq"), asBytes("hash"))}
}

func paymentsTable() *database.Table {
	return &database.Table{Name: "payments", Key: []string{"payment"}, Columns: []database.Column{asText("payment"), asText("till"), asText("epoch"),
		asNumber("seq"), asText("order_ref"), asNumber("attempt"), asText("tender"), asText("status"), asNumber("amount"), asText("currency"), asNumber("fork"),
		asBytes("state"), asText("merchant"), asNumber("updated_at")}}
}

func foreignTable() *database.Table {
	return &database.Table{Name: "foreign_pages", Key: []string{"payment", "till"}, Columns: []database.Column{asText("payment"), asText("till"),
		asText("of_till"), asText("epoch"), asNumber("seq"), asText("order_ref"), asNumber("attempt"), asText("tender"), asNumber("returned"),
		asNumber("at_acquirer"), asText("currency"), asNumber("fork"), asBytes("state")}}
}
