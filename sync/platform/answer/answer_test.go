package answer

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAnswersAreWrittenAlike(t *testing.T) {
	out := httptest.NewRecorder()
	JSON(out, http.StatusCreated, map[string]any{"at": Stamp(1_795_377_472_007)})
	if out.Code != http.StatusCreated || out.Header().Get("Content-Type") != "application/json" || out.Body.String() != `{"at":"2026-11-22T19:57:52.007Z"}`+"\n" {
		t.Errorf("%d %v %s", out.Code, out.Header(), out.Body)
	}
}
