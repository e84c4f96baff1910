package office

import (
	"net/http"
	"strconv"

	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

func (f *Office) auditRoutes() {
	f.add(http.MethodGet, "/v1/audit", access.Admin, "What people, commands and the configuration have changed, in its order",
		func(w http.ResponseWriter, r *http.Request, _ access.Person) { f.audit(w, r) }, withQuery("cursor", "limit"), answers([]registry.Entry{}))
	f.add(http.MethodGet, "/v1/audit/verify", access.Admin, "Whether the audit log is as it was written; head: one that was written down earlier",
		func(w http.ResponseWriter, r *http.Request, _ access.Person) { f.auditVerify(w, r) }, withQuery("head"), answers(registry.Verdict{}))
}

// audit lists entries from a number on; its cursor is the number of the last one that was read.
func (f *Office) audit(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	after := int64(0)
	if text := r.FormValue("cursor"); err == nil && text != "" {
		if after, err = strconv.ParseInt(text, 10, 64); err != nil {
			err = badQuery("cursor is no number.")
		}
	}
	if err != nil {
		f.refuse(w, err)
		return
	}
	items := []registry.Entry{}
	for entry, err := range f.Registry.Audit(r.Context(), after, limit+1) {
		if err != nil {
			f.unreadable(w, err)
			return
		}
		items = append(items, entry)
	}
	page := map[string]any{"items": items}
	if len(items) > limit {
		page["items"], page["next_cursor"] = items[:limit], strconv.FormatInt(items[limit-1].N, 10)
	}
	answer.JSON(w, http.StatusOK, page)
}

func (f *Office) auditVerify(w http.ResponseWriter, r *http.Request) {
	verdict, err := f.Registry.VerifyAudit(r.Context(), r.FormValue("head"))
	if err != nil {
		f.unreadable(w, err)
		return
	}
	answer.JSON(w, http.StatusOK, verdict)
}
