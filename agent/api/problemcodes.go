package api

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/pos"
)

// problemCode is a code that a problem may have: its status and what it says.
type problemCode struct {
	code   pos.ErrorCode
	status int
	doc    string
}

// problemCodes is the one map from codes to HTTP, and their description.
func problemCodes() []problemCode {
	return []problemCode{
		{"request_invalid", http.StatusUnprocessableEntity, "the request makes no sense (400 when it is no JSON, 413 when it is too large)"},
		{"amount_invalid", http.StatusUnprocessableEntity, "the amount, or its relation to order_amount or tendered, cannot be"},
		{"not_supported", http.StatusUnprocessableEntity, "the till does not do this: tender, scheme, scan"},
		{"code_invalid", http.StatusUnprocessableEntity, "not a customer's payment code; detail says what it is"},
		{"code_used", http.StatusConflict, "the same customer's code came within the last 10 minutes"},
		{"code_awaited", http.StatusConflict, "another payment waits for a customer's code; see payment"},
		{"order_conflict", http.StatusConflict, "order and attempt exist with another body"},
		{"order_open", http.StatusConflict, "another attempt of the order may have been charged; see attempt"},
		{"device_unresolved", http.StatusConflict, "the device has to tell first what became of another payment; see payment"},
		{"operation_conflict", http.StatusConflict, "the key names an operation of another kind, amount, tender or reason; see operation"},
		{"not_refundable", http.StatusConflict, "the payment as it is cannot be voided or refunded; see payment_status"},
		{"refund_exceeds", http.StatusUnprocessableEntity, "more than can still go back; see returnable"},
		{"not_capturable", http.StatusConflict, "there is nothing to collect once more; see payment_status"},
		{"not_resolvable", http.StatusConflict, "there is nothing for a person to decide"},
		{"platform_unavailable", http.StatusServiceUnavailable, "the platform cannot be asked now"},
		{"shift_open", http.StatusConflict, "another shift is open; see shift"},
		{"shift_closed", http.StatusConflict, "no such shift is open"},
		{"shift_pending", http.StatusConflict, "somebody still waits for payments of the shift; see payments"},
		{"settlement_blocked", http.StatusConflict, "the card terminal has to tell first what became of a payment; see payment"},
		{"settlement_running", http.StatusConflict, "the card terminal is being settled already; see device"},
		{"not_cancellable", http.StatusConflict, "the payment has ended"},
		{"order_expired", http.StatusGone, "the order's time is over"},
		{"offline_refused", http.StatusForbidden, "not without the platform; see rule: require_online, code_online_only, qr_online_only, refund_online_only, capture_online_only, or one of the offline policy with limit, used and headroom"},
		{"device_unavailable", http.StatusServiceUnavailable, "the device cannot sell now"},
		{"terminal_refused", http.StatusConflict, "the card terminal was asked for totals, a reprint or a chore, and refused; nothing moved"},
		{"wrong_protocol", http.StatusServiceUnavailable, "what answers on the device's wire speaks another protocol"},
		{"disk_low", http.StatusServiceUnavailable, "too little room for records; nothing new is sold"},
		{"disk_failed", http.StatusServiceUnavailable, "a file could not be written"},
		{"journal_stopped", http.StatusServiceUnavailable, "the disk failed; the agent has to be started again"},
		{"unauthorized", http.StatusUnauthorized, "no valid token and no paired browser"},
		{"pin_wrong", http.StatusForbidden, "person and PIN do not belong together; see tries_left"},
		{"pin_locked", http.StatusForbidden, "too many wrong PINs in a row; see until_at"},
		{"not_permitted", http.StatusForbidden, "the person's role is too low"},
		{"no_people", http.StatusForbidden, "nobody is set up at the till, or the list of people cannot be read"},
		{"pairing_refused", http.StatusForbidden, "the pairing code is wrong, used or too old"},
		{"too_many_tries", http.StatusTooManyRequests, "pairing codes can be tried once a second"},
		{"host_not_allowed", http.StatusForbidden, "the request names a host that is not the till"},
		{"cross_origin", http.StatusForbidden, "the request comes from a page of another origin"},
		{"acknowledgement_invalid", http.StatusUnprocessableEntity, "not an acknowledgement of this till's platform for this till"},
		{"not_found", http.StatusNotFound, "there is no such thing"},
		{"method_not_allowed", http.StatusMethodNotAllowed, "the screens can only be read"},
		{"internal", http.StatusInternalServerError, "unforeseen; ask for the payment before trying again"},
	}
}

// statusOf is the HTTP status of a code.
func statusOf(code pos.ErrorCode) int {
	for _, c := range problemCodes() {
		if c.code == code {
			return c.status
		}
	}
	return http.StatusInternalServerError
}

// documentRepeats describes that what was begun before is answered by 200 in the same form.
func documentRepeats(api huma.API) {
	for _, path := range api.OpenAPI().Paths {
		if path.Post == nil || path.Post.Responses["201"] == nil {
			continue
		}
		path.Post.Responses["200"] = &huma.Response{Description: "The same came before", Content: path.Post.Responses["201"].Content}
	}
}

// documentProblems lists the codes in the description.
func documentProblems(api huma.API) {
	problem := api.OpenAPI().Components.Schemas.Map()["Problem"]
	code := problem.Properties["code"]
	var doc strings.Builder
	for _, c := range problemCodes() {
		code.Enum = append(code.Enum, c.code)
		fmt.Fprintf(&doc, "- `%s` (%d): %s\n", c.code, c.status, c.doc)
	}
	code.Description = doc.String()
	problem.Description = "RFC 9457. Members such as rule, payment or attempt stand beside the standard ones."
}
