package payload_test

import (
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/qr/payload"
)

const reference = "T7K20250102A0001"

// golden is one code per kind of every scheme. The texts were computed by an implementation of the rules apart from this one.
type golden struct {
	name, scheme string
	values       map[string]string
	amount       pos.Money
	reference    string
	want         string
}

func goldens() []golden {
	pixExample := map[string]string{"key": "loja7@exemplo.com.br", "name": "LOJA EXEMPLO", "city": "CURITIBA"}
	return []golden{
		{"PIX", "pix", pixExample, pos.Money{Amount: 1234, Currency: "BRL"}, reference,
			"00020126420014br.gov.bcb.pix0120loja7@exemplo.com.br520400005303986540512.345802BR5912LOJA EXEMPLO6008CURITIBA62200516T7K20250102A000163046873"},
		{"PIX with all", "pix", map[string]string{"key": "loja7@exemplo.com.br", "info": "mesa 4", "provider": "12345678", "mcc": "5812", "name": "LOJA EXEMPLO", "city": "CURITIBA", "postal_code": "80010000"},
			pos.Money{Amount: 100, Currency: "BRL"}, reference, "00020126640014br.gov.bcb.pix0120loja7@exemplo.com.br0206mesa 403081234567852045812530398654041.005802BR5912LOJA EXEMPLO6008CURITIBA61088001000062200516T7K20250102A00016304012E"},
		{"PromptPay phone", "promptpay", map[string]string{"phone": "0812345678"}, pos.Money{Amount: 5000, Currency: "THB"}, "", "00020101021229370016A000000677010111011300668123456785303764540550.005802TH63045197"},
		{"PromptPay phone with prefix", "promptpay", map[string]string{"phone": "66812345678"}, pos.Money{Amount: 5000, Currency: "THB"}, "", "00020101021229370016A000000677010111011300668123456785303764540550.005802TH63045197"},
		{"PromptPay phone as in the code", "promptpay", map[string]string{"phone": "0066812345678"}, pos.Money{Amount: 5000, Currency: "THB"}, "", "00020101021229370016A000000677010111011300668123456785303764540550.005802TH63045197"},
		{"PromptPay national id", "promptpay", map[string]string{"national_id": "1234567890123"}, pos.Money{Amount: 25, Currency: "THB"}, "", "00020101021229370016A00000067701011102131234567890123530376454040.255802TH63041D32"},
		{"PromptPay e-wallet", "promptpay", map[string]string{"ewallet": "140000812345678"}, pos.Money{Amount: 25, Currency: "THB"}, "", "00020101021229390016A0000006770101110315140000812345678530376454040.255802TH6304F440"},
		{"PromptPay account", "promptpay", map[string]string{"account": "0041234567890"}, pos.Money{Amount: 25, Currency: "THB"}, "", "00020101021229370016A00000067701011104130041234567890530376454040.255802TH630441DD"},
		{"PromptPay bill", "promptpay_bill", map[string]string{"biller": "099400012345678"}, pos.Money{Amount: 10000, Currency: "THB"}, reference, "00020101021230590016A00000067701011201150994000123456780216T7K20250102A000153037645406100.005802TH6304AD43"},
		{"PromptPay bill, reference 2", "promptpay_bill", map[string]string{"biller": "0994000123456", "ref1": "SHOP7", "terminal": "TILL1"}, pos.Money{Amount: 10000, Currency: "THB"}, reference, "00020101021230660016A000000677010112011309940001234560205SHOP70316T7K20250102A000153037645406100.005802TH62090705TILL16304BB2A"},
		{"PayNow UEN", "paynow", map[string]string{"uen": "201403121W", "name": "EXAMPLE SHOP", "expiry": "20261231"}, pos.Money{Amount: 5050, Currency: "SGD"}, reference, "00020101021226490009SG.PAYNOW010120210201403121W03010040820261231520400005303702540550.505802SG5912EXAMPLE SHOP6009Singapore62200116T7K20250102A00016304380A"},
		{"PayNow mobile", "paynow", map[string]string{"mobile": "+6591234567", "name": "EXAMPLE SHOP", "editable": "1"}, pos.Money{Amount: 1, Currency: "SGD"}, reference, "00020101021226380009SG.PAYNOW010100211+65912345670301152040000530370254040.015802SG5912EXAMPLE SHOP6009Singapore62200116T7K20250102A0001630419AB"},
		{"FPS id", "fps", map[string]string{"fps_id": "7654321"}, pos.Money{Amount: 25000, Currency: "HKD"}, reference, "00020101021226270012hk.com.hkicl020776543215204000053033445406250.005802HK5902NA6002HK62200516T7K20250102A00016304C178"},
		{"FPS mobile", "fps", map[string]string{"bank": "024", "mobile": "+852-91234567", "timeout": "261231235959", "editable": "1", "reference_in": "01"}, pos.Money{Amount: 25000, Currency: "CNY"}, reference, "00020101021226610012hk.com.hkicl01030240313+852-912345670512261231235959060115204000053031565406250.005802HK5902NA6002HK62200116T7K20250102A00016304AEBE"},
		{"VietQR account", "vietqr", map[string]string{"bin": "970436", "account": "0123456789"}, pos.Money{Amount: 150000, Currency: "VND"}, reference, "00020101021238540010A00000072701240006970436011001234567890208QRIBFTTA530370454061500005802VN62200816T7K20250102A000163047E2E"},
		{"VietQR card", "vietqr", map[string]string{"bin": "970436", "account": "9704360000000000018", "to": "card"}, pos.Money{Amount: 1, Currency: "VND"}, reference, "00020101021238630010A00000072701330006970436011997043600000000000180208QRIBFTTC5303704540115802VN62200816T7K20250102A00016304226F"},
		{"UPI", "upi", map[string]string{"pa": "shop.7@examplebank", "pn": "Chai & Co", "mc": "5812", "tn": "table 4+5"}, pos.Money{Amount: 12300, Currency: "INR"}, reference,
			"upi://pay?pa=shop.7@examplebank&pn=Chai%20%26%20Co&mc=5812&tr=" + reference + "&tn=table%204%2B5&am=123.00&cu=INR"},
		{"EPC", "epc", map[string]string{"iban": "DE23100000001234567890", "name": "Beispiel Laden"}, pos.Money{Amount: 1990, Currency: "EUR"}, reference,
			"BCD\n002\n1\nSCT\n\nBeispiel Laden\nDE23100000001234567890\nEUR19.90\n\nRF20T7K20250102A0001"},
		{"EPC text, Latin 1", "epc", map[string]string{"iban": "DE23100000001234567890", "name": "Bäckerei", "bic": "MARKDEF1100", "purpose": "GDDS", "info": "Danke", "reference_as": "text", "charset": "2"},
			pos.Money{Amount: 1, Currency: "EUR"}, reference, "BCD\n002\n2\nSCT\nMARKDEF1100\nB\xe4ckerei\nDE23100000001234567890\nEUR0.01\nGDDS\n\n" + reference + "\nDanke"},
		{"Swiss SCOR", "swiss", map[string]string{"iban": "CH9300762011623852957", "name": "Muster Laden", "street": "Hauptgasse", "house": "7", "zip": "3011", "town": "Bern", "message": "Tisch 4"},
			pos.Money{Amount: 1250, Currency: "CHF"}, reference, "SPC\n0200\n1\nCH9300762011623852957\nS\nMuster Laden\nHauptgasse\n7\n3011\nBern\nCH\n\n\n\n\n\n\n\n12.50\nCHF\n\n\n\n\n\n\n\nSCOR\nRF20T7K20250102A0001\nTisch 4\nEPD"},
		{"Swiss QRR", "swiss", map[string]string{"iban": "CH6630808001234567890", "name": "Muster Laden", "zip": "3011", "town": "Bern"},
			pos.Money{Amount: 5, Currency: "EUR"}, "1234567890", "SPC\n0200\n1\nCH6630808001234567890\nS\nMuster Laden\n\n\n3011\nBern\nCH\n\n\n\n\n\n\n\n0.05\nEUR\n\n\n\n\n\n\n\nQRR\n000000000000000012345678903\n\nEPD"},
		{"template FPS", "template", map[string]string{"template": " 00020101021126270012hk.com.hkicl020776543215204000053033445802HK5902NA6002HK62070703A016304867E\r\n", "account": "7654321"}, pos.Money{Amount: 25000, Currency: "HKD"}, reference,
			"00020101021226270012hk.com.hkicl020776543215204000053033445406250.005802HK5902NA6002HK62270703A010516T7K20250102A0001630496CC"},
		{"template QRIS", "template", map[string]string{"template": "00020101021126690017ID.CO.EXAMPLE.WWW011893600914000000000102150000000000000010303UMI51440014ID.CO.QRIS.WWW0215ID10200000000010303UMI5204581253033605802ID5913WARUNG CONTOH6007JAKARTA61051011062140503***0703A01630481B5", "account": "ID1020000000001"}, pos.Money{Amount: 2500000, Currency: "IDR"}, reference, "00020101021226690017ID.CO.EXAMPLE.WWW011893600914000000000102150000000000000010303UMI51440014ID.CO.QRIS.WWW0215ID10200000000010303UMI5204581253033605405250005802ID5913WARUNG CONTOH6007JAKARTA61051011062270516T7K20250102A00010703A016304B975"},
		{"template PIX", "template", map[string]string{"template": "00020126420014BR.GOV.BCB.PIX0120loja7@exemplo.com.br5204000053039865802BR5912LOJA EXEMPLO6008CURITIBA62070503***6304F7AE"}, pos.Money{Amount: 1234, Currency: "BRL"}, reference, "00020126420014BR.GOV.BCB.PIX0120loja7@exemplo.com.br520400005303986540512.345802BR5912LOJA EXEMPLO6008CURITIBA62200516T7K20250102A0001630462D2"},
		{"template PromptPay bill", "template", map[string]string{"template": "00020101021130480016A00000067701011201150994000123456780205SHOP75802TH53037646304D711"}, pos.Money{Amount: 9900, Currency: "THB"}, reference, "00020101021230680016A00000067701011201150994000123456780205SHOP70316T7K20250102A00015802TH5303764540599.006304B788"},
		{"template PromptPay bill without 01", "template", map[string]string{"template": "00020130480016A00000067701011201150994000123456780205SHOP75802TH530376463047833"}, pos.Money{Amount: 9900, Currency: "THB"}, reference, "00020101021230680016A00000067701011201150994000123456780205SHOP70316T7K20250102A00015802TH5303764540599.006304B788"},
		{"template PromptPay", "template", map[string]string{"template": "00020129370016A0000006770101110113006681234567853037645802TH6304970C", "account": "0066812345678"}, pos.Money{Amount: 2000, Currency: "THB"}, "", "00020101021229370016A000000677010111011300668123456785303764540520.005802TH63042900"},
		{"template PayNow with SGQR", "template", map[string]string{"template": "00020101021126370009SG.PAYNOW010120210201403121W0301151390007SG.SGQR01121809120A1B2C0708201810095204000053037025802SG5912EXAMPLE SHOP6009Singapore63041161"}, pos.Money{Amount: 500, Currency: "SGD"}, reference, "00020101021226370009SG.PAYNOW010120210201403121W0301151390007SG.SGQR01121809120A1B2C07082018100952040000530370254045.005802SG5912EXAMPLE SHOP6009Singapore62200116T7K20250102A00016304806B"},
		{"template VietQR, lower-case CRC", "template", map[string]string{"template": "00020101021138540010A00000072701240006970436011001234567890208QRIBFTTA53037045802VN63046a15", "account": "0123456789"}, pos.Money{Amount: 150000, Currency: "VND"}, reference, "00020101021238540010A00000072701240006970436011001234567890208QRIBFTTA530370454061500005802VN62200816T7K20250102A000163047E2E"},
	}
}

func TestEverySchemeWritesItsGoldenText(t *testing.T) {
	covered := map[string]bool{}
	for _, g := range goldens() {
		s, ok := payload.Find(g.scheme)
		if !ok || !s.CanEncode() {
			t.Fatalf("no scheme %s", g.scheme)
		}
		covered[g.scheme] = true
		got, err := s.Encode(g.values, g.amount, g.reference)
		if err != nil || got != g.want {
			t.Errorf("%s: %v\n got %q\nwant %q", g.name, err, got, g.want)
		}
		if takes := s.TakesReference(g.values); takes != (g.reference != "") {
			t.Errorf("%s: takes a reference: %v", g.name, takes)
		}
	}
	for _, s := range payload.List() {
		if s.CanEncode() && !covered[s.Name] {
			t.Errorf("%s has no golden text", s.Name)
		}
	}
}

func TestGoldenTextsReadBack(t *testing.T) {
	for _, g := range goldens() {
		s, err := payload.Read("\r\n " + g.want + "\n")
		if err != nil {
			t.Errorf("%s: %v", g.name, err)
			continue
		}
		if *s.Amount != g.amount.Amount || s.Currency != g.amount.Currency {
			t.Errorf("%s: %v %s", g.name, *s.Amount, s.Currency)
		}
		if g.scheme != "template" && s.Scheme != g.scheme {
			t.Errorf("%s: read as %s", g.name, s.Scheme)
		}
		want := map[string]string{"EPC": "RF20" + reference, "Swiss SCOR": "RF20" + reference, "Swiss QRR": "000000000000000012345678903"}[g.name]
		if want == "" {
			want = g.reference
		}
		if s.Reference != want {
			t.Errorf("%s: reference %q, want %q", g.name, s.Reference, want)
		}
		if name, ok := payload.Identify(g.want); !ok || name != s.Scheme {
			t.Errorf("%s: identified as %q", g.name, name)
		}
	}
}
