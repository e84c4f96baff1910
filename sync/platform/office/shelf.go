package office

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// shelf is a kind of things under a path.
type shelf struct {
	kind registry.Kind
	path string   // of the list
	keys []string // names of the parts of a key, as they stand in paths; a name in quotes stands there itself
	what string   // for people
}

func shelves() []shelf {
	return []shelf{
		{registry.KindMerchant, "/v1/merchants", []string{"merchant"}, "merchant"},
		{registry.KindStore, "/v1/stores", []string{"merchant", "store"}, "store"},
		{registry.KindTill, "/v1/tills", []string{"id"}, "till"},
		{registry.KindTerminal, "/v1/terminals", []string{"acquirer", "terminal_id"}, "card terminal's number at an acquirer"},
		{registry.KindAccount, "/v1/accounts", []string{"merchant", "acquirer"}, "merchant's number at an acquirer"},
		{registry.KindLimit, "/v1/limits", []string{"id"}, "offline policy"},
		{registry.KindFee, "/v1/fees", []string{"id"}, "fee rule"},
		{registry.KindSettings, "/v1/settings", []string{"till"}, "till's configuration"},
		{registry.KindSettings, "/v1/settings", []string{"merchant", `"all"`}, "merchant's configuration of all its tills"},
	}
}

// item is the path of one thing.
func (s *shelf) item() string {
	path := s.path
	for _, key := range s.keys {
		if strings.HasPrefix(key, `"`) {
			path += "/" + strings.Trim(key, `"`)
		} else {
			path += "/{" + key + "}"
		}
	}
	return path
}

// key is the thing that a request names.
func (s *shelf) key(r *http.Request) string {
	parts := make([]string, len(s.keys))
	for i, key := range s.keys {
		if parts[i] = strings.Trim(key, `"`); parts[i] == key {
			parts[i] = r.PathValue(key)
		}
	}
	return strings.Join(parts, "/")
}

func (f *Office) shelfRoutes(s shelf) {
	if !strings.Contains(s.item(), "/all") { // the list of settings is one
		f.add(http.MethodGet, s.path, access.Viewer, "List: "+s.what, func(w http.ResponseWriter, r *http.Request, _ access.Person) { f.list(w, r, s.kind) },
			withQuery("merchant", "cursor", "limit"), answers([]shape{shapeOf(s.kind)}))
	}
	f.add(http.MethodGet, s.item(), access.Viewer, "One "+s.what+", with its revision as ETag", func(w http.ResponseWriter, r *http.Request, _ access.Person) {
		f.one(w, r, s.kind, s.key(r))
	}, answers(shapeOf(s.kind)))
	f.add(http.MethodPut, s.item(), access.Admin, "Add a "+s.what+", or with If-Match change it", func(w http.ResponseWriter, r *http.Request, who access.Person) {
		f.put(w, r, who, s.kind, s.key(r))
	}, sends(shapeOf(s.kind)), answers(shapeOf(s.kind)))
	f.add(http.MethodDelete, s.item(), access.Admin, "Disable a "+s.what+"; nothing is removed", func(w http.ResponseWriter, r *http.Request, who access.Person) {
		f.enable(w, r, who, s.kind, s.key(r), false)
	}, answers(shapeOf(s.kind)))
	f.add(http.MethodPost, s.item()+"/enable", access.Admin, "Let a disabled "+s.what+" count again", func(w http.ResponseWriter, r *http.Request, who access.Person) {
		f.enable(w, r, who, s.kind, s.key(r), true)
	}, answers(shapeOf(s.kind)))
}

// The sizes of a list.
const (
	usualItems = 50
	mostItems  = 200
)

// limitOf reads ?limit=.
func limitOf(r *http.Request) (int, error) {
	text := r.FormValue("limit")
	if text == "" {
		return usualItems, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostItems {
		return 0, badQuery("limit is not between 1 and " + strconv.Itoa(mostItems) + ".")
	}
	return n, nil
}

func (f *Office) list(w http.ResponseWriter, r *http.Request, kind registry.Kind) {
	limit, err := limitOf(r)
	if err != nil {
		f.refuse(w, err)
		return
	}
	kept, err := f.Registry.List(r.Context(), kind, registry.Range{Merchant: pos.MerchantID(r.FormValue("merchant")), After: r.FormValue("cursor"), Limit: limit + 1})
	if err != nil {
		f.unreadable(w, err)
		return
	}
	page := map[string]any{}
	if len(kept) > limit {
		kept = kept[:limit]
		page["next_cursor"] = kept[limit-1].Key()
	}
	items := make([]*registry.Kept, len(kept))
	for i := range kept {
		items[i] = &kept[i]
	}
	page["items"] = items
	answer.JSON(w, http.StatusOK, page)
}

func (f *Office) one(w http.ResponseWriter, r *http.Request, kind registry.Kind, key string) {
	kept, found, err := f.Registry.Get(r.Context(), kind, key)
	if err == nil && !found {
		err = registry.ErrNotFound
	}
	if err != nil {
		f.refuse(w, err)
		return
	}
	show(w, http.StatusOK, &kept)
}

func show(w http.ResponseWriter, status int, kept *registry.Kept) {
	w.Header().Set("ETag", `"`+strconv.FormatUint(kept.Revision, 10)+`"`)
	answer.JSON(w, status, kept)
}

// put adds, or changes what has the revision of If-Match (RFC 9110 §13.1.1).
func (f *Office) put(w http.ResponseWriter, r *http.Request, who access.Person, kind registry.Kind, key string) {
	thing, err := readThing(w, r, kind, key)
	if err != nil {
		f.refuse(w, err)
		return
	}
	revision, err := f.seen(r, kind, key)
	if err != nil {
		f.refuse(w, err)
		return
	}
	kept, err := f.Registry.Put(asPerson(r.Context(), who), thing, revision)
	if err != nil {
		f.refuse(w, err)
		return
	}
	status := http.StatusOK
	if revision == registry.New {
		status = http.StatusCreated
	}
	show(w, status, &kept)
}

// seen is the revision that the caller has seen: of If-Match, none for something new. To change what is there without saying which revision is refused.
func (f *Office) seen(r *http.Request, kind registry.Kind, key string) (uint64, error) {
	tag := r.Header.Get("If-Match")
	if tag == "*" {
		return registry.Any, nil
	}
	if tag != "" {
		n, err := strconv.ParseUint(strings.Trim(strings.TrimPrefix(tag, "W/"), `"`), 10, 63)
		if err != nil || n == 0 {
			return 0, invalid("If-Match is no ETag of an entry.")
		}
		return n, nil
	}
	_, found, err := f.Registry.Get(r.Context(), kind, key)
	if err == nil && found && r.Header.Get("If-None-Match") != "*" {
		err = refusal("revision_missing", "The entry is there already; which revision of it have you seen?", "Read it and send its ETag as If-Match.")
	}
	return registry.New, err
}

func (f *Office) enable(w http.ResponseWriter, r *http.Request, who access.Person, kind registry.Kind, key string, enabled bool) {
	revision := registry.Any // whoever disables something means it, whatever it says by now
	if r.Header.Get("If-Match") != "" {
		var err error
		if revision, err = f.seen(r, kind, key); err != nil {
			f.refuse(w, err)
			return
		}
	}
	kept, err := f.Registry.Enable(asPerson(r.Context(), who), kind, key, revision, enabled)
	if err != nil {
		f.refuse(w, err)
		return
	}
	show(w, http.StatusOK, &kept)
}

// mostBody bounds what a request brings, in bytes: a hotlist of some hundred cards and the rest.
const mostBody = 128 << 10

// readThing reads a thing; the members that the registry itself sets are dropped, so that what was read can be sent back changed.
func readThing(w http.ResponseWriter, r *http.Request, kind registry.Kind, key string) (registry.Thing, error) {
	unreadable := refusal("request_unreadable", "The request is no JSON object.", "Send the entry as it is read, with what is to change.")
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		return nil, unreadable.Because(err)
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, unreadable.Because(err)
	}
	for _, own := range []string{"enabled", "revision", "added_at", "updated_at"} {
		delete(members, own)
	}
	if text, err = json.Marshal(members); err != nil {
		return nil, unreadable.Because(err)
	}
	thing := kind.Blank()
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(thing); err != nil {
		return nil, invalid("The entry cannot be read: " + err.Error() + ".")
	}
	if thing.Key() != key {
		return nil, invalid("The path names " + key + ", the entry " + thing.Key() + ".")
	}
	return thing, nil
}
