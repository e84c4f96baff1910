package payload

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/pos"
)

// template turns the shop's own static code, which its acquirer issued, into one that asks for an amount: object 54, a
// reference, and 01 set to 12; every other byte stays. Only schemes whose static accounts are valid with an amount are allowed.
func template() Scheme {
	return Scheme{Name: "template", Title: "the shop's own static code, with amount and reference", Source: Static,
		Values: []Value{
			{Name: "template", Doc: "text of the static code: QRIS, FPS, PIX, PromptPay, PayNow or VietQR", Required: true, allowed: isAny},
			{Name: "account", Doc: "account number that must stand in the code, a guard against a swapped one", Min: 1, Max: maxLength},
			referenceInValue(),
		},
		encode: encodeTemplate}
}

// TakesReference says whether Encode wants a reference with these values; for a template its scheme decides.
func (s Scheme) TakesReference(values map[string]string) bool {
	if s.Source != Static || !s.CanEncode() {
		return !s.NoReference
	}
	t, err := Parse(values["template"])
	if err != nil {
		return true
	}
	scheme, err := rewritable(t)
	return err != nil || referencePath(t, scheme, "05") != ""
}

func encodeTemplate(o *order) (string, error) {
	t, err := Parse(o.value("template"))
	if err != nil {
		return "", o.bad("template", "cannot be read: %v", err)
	}
	scheme, err := rewritable(t)
	if err != nil {
		return "", fmt.Errorf("template: %w", err)
	}
	if c := t.Currency(); c != o.amount.Currency {
		return "", o.bad("currency", "is %s; the template pays in %q", o.amount.Currency, c)
	}
	if want := o.value("account"); want != "" && !t.names(want) {
		return "", o.bad("account", "%q does not stand in the template", want)
	}
	path := referencePath(t, scheme, o.value("reference_in"))
	if err := o.checkTemplateReference(scheme, path); err != nil {
		return "", err
	}
	return t.rewrite(scheme, o.amount, path, o.reference)
}

func (o *order) checkTemplateReference(scheme, path string) error {
	switch {
	case path == "" && o.reference != "":
		return o.bad("reference", "has no place in a %s code: leave it out", scheme)
	case path == "":
		return nil
	case scheme == "promptpay_bill":
		return o.needReference(20, isUpperAlnum)
	}
	return o.needReference(25, isAlnum)
}

// rewritable names the scheme of a static code that may get an amount, or says why it may not.
func rewritable(t *Tree) (string, error) {
	scheme, err := t.oneScheme()
	_, amount := t.Object("54")
	_, hash := t.Object("82")
	mode := t.Text("01")
	switch {
	case err != nil:
		return "", err
	case amount:
		return "", refused("it has an amount already")
	case hash:
		return "", refused("object 82 signs it")
	case mode != "" && mode != "11":
		return "", refused("it is not static (01 is %s)", mode)
	case scheme == "":
		return "", refused("no account of a known scheme")
	case scheme == "promptpay_bill" && t.fixed("30-02") && t.fixed("30-03"):
		return "", refused("both references of the bill are fixed")
	}
	return scheme, nil
}

// refused says why a template stays as it is.
func refused(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrTemplate, fmt.Sprintf(format, args...))
}

// oneScheme names the one scheme that all account templates belong to. A payer's app may take any of them, so all must be valid
// with an amount.
func (t *Tree) oneScheme() (string, error) {
	scheme := ""
	for _, a := range t.accounts(List()) {
		switch {
		case a.GUID == "" && a.Parts == nil && number(a.Object.ID) < 26:
		case byGUID("SG.SGQR")(&a, t):
		case !slices.Contains([]string{"qris", "fps", "pix", "promptpay", "promptpay_bill", "paynow", "vietqr"}, a.Scheme):
			return "", refused("account %s (%q) is of no scheme whose static codes may get an amount", a.Object.ID, a.GUID)
		case a.Scheme == "pix" && t.linked(a):
			return "", refused("it is a PIX link")
		case scheme != "" && scheme != a.Scheme:
			return "", refused("it has accounts of %s and of %s", scheme, a.Scheme)
		default:
			scheme = a.Scheme
		}
	}
	return scheme, nil
}

// fixed says whether the acquirer filled an object that could hold our reference.
func (t *Tree) fixed(path string) bool { return t.Text(path) != "" && t.Text(path) != asksPayer }

// linked says whether a PIX code points to a PSP, by its account or by the recurrence link in 80.
func (t *Tree) linked(a Account) bool {
	_, link := find(a.Parts, "25")
	_, recurring := t.At("80-25")
	return link || recurring
}

// names says whether an account of the code holds this number.
func (t *Tree) names(account string) bool {
	return slices.ContainsFunc(t.leaves(), func(l leaf) bool {
		return l.value == account && number(l.path[:2]) >= 2 && number(l.path[:2]) <= 51
	})
}

// referencePath is where the scheme wants the reference; "" when it has no place.
func referencePath(t *Tree, scheme, additional string) string {
	switch scheme {
	case "promptpay":
		return ""
	case "promptpay_bill":
		if t.fixed("30-02") {
			return "30-03"
		}
		return "30-02"
	case "paynow":
		return "62-01"
	case "vietqr":
		return "62-08"
	case "pix":
		return "62-05"
	}
	return "62-" + additional
}

// rewrite makes the new text and compares it with the old one: only 01, 54, the reference and the CRC may differ.
func (t *Tree) rewrite(scheme string, amount pos.Money, path, reference string) (string, error) {
	objects := slices.Clone(t.Objects[:len(t.Objects)-1])
	if scheme != "pix" {
		objects = slices.DeleteFunc(objects, func(o Object) bool { return o.ID == "01" })
		objects = slices.Insert(objects, 1, Of("01", "12"))
	}
	behind := slices.IndexFunc(objects, func(o Object) bool { return o.ID == "53" })
	objects = slices.Insert(objects, behind+1, Of("54", objectAmount(amount)))
	if path != "" {
		var err error
		if objects, err = withReference(objects, path[:2], path[3:], reference); err != nil {
			return "", err
		}
	}
	text, err := join(objects, t.Unit)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	text = sealed(text)
	return text, t.unchangedBut(text, path)
}

// withReference puts the reference into a template, in its place, or behind the others. A root without that template gets it at
// its end.
func withReference(objects []Object, id, sub, reference string) ([]Object, error) {
	at := slices.IndexFunc(objects, func(o Object) bool { return o.ID == id })
	if at < 0 {
		return append(objects, Template(id, Of(sub, reference))), nil
	}
	inner, ok := objects[at].Children()
	if !ok {
		return nil, refused("object %s holds no objects, so no reference fits in", id)
	}
	if old := slices.IndexFunc(inner, func(o Object) bool { return o.ID == sub }); old >= 0 {
		inner[old] = Of(sub, reference)
	} else {
		inner = append(inner, Of(sub, reference))
	}
	objects[at] = Template(id, inner...)
	return objects, nil
}

// leaf is an object that holds no others.
type leaf struct{ path, value string }

func (t *Tree) leaves() []leaf { return leavesOf(t.Objects, nil) }

func leavesOf(objects []Object, all []leaf) []leaf {
	for _, o := range objects {
		if inner, ok := o.Children(); ok {
			all = leavesOf(inner, all)
		} else {
			all = append(all, leaf{o.Path, o.Value})
		}
	}
	return all
}

// unchangedBut parses the new text and compares it leaf by leaf.
func (t *Tree) unchangedBut(text, path string) error {
	again, err := Parse(text)
	if err != nil {
		return fmt.Errorf("%w: the rewritten code cannot be read: %w", ErrTemplate, err)
	}
	ours := func(l leaf) bool { return slices.Contains([]string{"01", "54", "63", path}, l.path) }
	if !slices.Equal(slices.DeleteFunc(t.leaves(), ours), slices.DeleteFunc(again.leaves(), ours)) {
		return refused("more than amount and reference would change")
	}
	return nil
}
