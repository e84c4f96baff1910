package office

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// shape stands for a thing of the registry with what the registry says of it.
type shape struct{ of any }

// shapeOf is what a kind looks like in the API.
func shapeOf(kind registry.Kind) shape {
	if kind == registry.KindTill { // it writes itself
		return shape{tillShape{}}
	}
	return shape{reflect.ValueOf(kind.Blank()).Elem().Interface()}
}

// tillShape is a till as it is written.
type tillShape struct {
	Till      pos.TillID     `json:"till"`
	Merchant  pos.MerchantID `json:"merchant" doc:"Never changes"`
	Store     string         `json:"store,omitempty"`
	Name      string         `json:"name,omitempty"`
	PublicKey string         `json:"public_key,omitempty" doc:"Ed25519, 64 hex digits; absent until the till is enrolled"`
}

// keptShape is what stands beside every thing.
type keptShape struct {
	Enabled   bool   `json:"enabled"`
	Revision  uint64 `json:"revision" doc:"Also the ETag"`
	AddedAt   string `json:"added_at" format:"date-time"`
	UpdatedAt string `json:"updated_at" format:"date-time"`
}

// problemShape is an error (RFC 9457).
type problemShape struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail"`
	Code   pos.ErrorCode  `json:"code"`
	Money  pos.MoneyState `json:"money" enum:"none_moved,moved,unknown"`
	Next   string         `json:"next"`
}

// describe answers with the API's description, OpenAPI 3.1.
func (f *Office) describe(w http.ResponseWriter, _ *http.Request) {
	text, err := json.Marshal(f.document())
	if err != nil {
		f.unreadable(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
	_, _ = w.Write(text) // the caller has gone if this fails
}

// object is a JSON object.
type object = map[string]any

// schemaName tells types of one name in two packages apart.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if strings.HasSuffix(t.PkgPath(), "/policy") {
		return "Policy" + name
	}
	return name
}

func (f *Office) document() object {
	schemas := huma.NewMapRegistry("#/components/schemas/", schemaName)
	problem := object{"description": "A problem (RFC 9457)", "content": object{"application/problem+json": object{"schema": schemaOf(schemas, problemShape{})}}}
	paths := map[string]object{}
	for _, r := range f.routes {
		if paths[r.path] == nil {
			paths[r.path] = object{}
		}
		paths[r.path][strings.ToLower(r.method)] = r.operation(schemas)
	}
	return object{
		"openapi": "3.1.0",
		"info": object{"title": "Tillproof platform", "version": f.Version,
			"description": "The back office. Amounts are integers of minor units. An entry is changed with If-Match, so that no change of somebody else is lost."},
		"security": []object{{"token": []string{}}, {"session": []string{}}},
		"paths":    paths,
		"components": object{"schemas": schemas, "responses": object{"Problem": problem}, "securitySchemes": object{
			"token":   object{"type": "http", "scheme": "bearer"},
			"session": object{"type": "apiKey", "in": "cookie", "name": sessionCookie}}},
	}
}

// operation describes one route.
func (r *route) operation(schemas huma.Registry) object {
	answer := object{"description": "Done"}
	if r.answer != nil {
		answer["content"] = object{"application/json": object{"schema": schemaOf(schemas, r.answer)}}
	}
	op := object{"summary": r.summary, "operationId": r.id(), "parameters": r.parameters(),
		"responses": object{"2XX": answer, "default": object{"$ref": "#/components/responses/Problem"}}}
	if r.need == "" {
		op["security"] = []object{}
	} else {
		op["description"] = "Takes the role " + string(r.need) + "."
	}
	if r.body != nil {
		op["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": schemaOf(schemas, sent(r.body))}}}
	}
	return op
}

// sent is what a request has to bring: a thing without what the registry says of it.
func sent(body any) any {
	if s, ok := body.(shape); ok {
		return s.of
	}
	return body
}

// id names an operation: get_v1_tills_id.
func (r *route) id() string {
	return strings.ToLower(r.method) + regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.TrimSuffix(r.path, "}"), "_")
}

func (r *route) parameters() []object {
	list := []object{}
	for _, m := range regexp.MustCompile(`\{([a-z_]+)\}`).FindAllStringSubmatch(r.path, -1) {
		list = append(list, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, name := range r.query {
		list = append(list, object{"name": name, "in": "query", "schema": object{"type": "string"}})
	}
	if r.method == http.MethodPut {
		list = append(list, object{"name": "If-Match", "in": "header", "schema": object{"type": "string"}, "description": "The ETag of the entry that is changed"})
	}
	return list
}

// schemaOf describes a value's type. A list is a page of items.
func schemaOf(schemas huma.Registry, value any) any {
	if s, ok := value.(shape); ok {
		return object{"allOf": []any{schemaOf(schemas, s.of), schemaOf(schemas, keptShape{})}}
	}
	t := reflect.TypeOf(value)
	if t.Kind() != reflect.Slice {
		return schemas.Schema(t, true, "")
	}
	item := reflect.Zero(t.Elem()).Interface()
	if list, ok := value.([]shape); ok {
		item = list[0]
	}
	return object{"type": "object", "required": []string{"items"}, "properties": object{
		"items": object{"type": "array", "items": schemaOf(schemas, item)}, "next_cursor": object{"type": "string"}}}
}
