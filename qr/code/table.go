package code

// Scheme is a family of payment codes.
type Scheme string

// The schemes of the built-in table.
const (
	EMVCPM          Scheme = "emv_cpm"
	JPQR            Scheme = "jpqr"
	WeChat          Scheme = "wechat"
	Alipay          Scheme = "alipay"
	AlipayFace      Scheme = "alipay_face"
	UnionPay        Scheme = "unionpay"
	MOTTransit      Scheme = "mot_transit"
	UnionPayTransit Scheme = "unionpay_transit"
	WeBank          Scheme = "webank"
	Lakala          Scheme = "lakala"
	JD              Scheme = "jd"
	QQ              Scheme = "qq"
	BestPay         Scheme = "bestpay"
	ECNY            Scheme = "ecny"
)

// Table says which texts are whose payment codes. It is data, so that a platform can deliver a newer one.
type Table struct {
	Version int
	Rules   []Rule // the first enabled one that matches decides
}

// BuiltIn is the table that the program was built with. Its disabled rows belong to single aggregators or are uncertain: their
// codes are forwarded as unknown ones.
func BuiltIn() Table {
	return Table{Version: 1, Rules: []Rule{
		{Scheme: EMVCPM, Name: "a card wallet", Form: Text, Prefixes: []string{"hQVDUFY"}, Least: 12, Most: 8192, Enabled: true},
		{Scheme: JPQR, Name: "JPQR", Form: Text, Prefixes: []string{"hQVKUFFS"}, Least: 12, Most: 8192, Enabled: true},
		{Scheme: WeChat, Name: "WeChat Pay", Form: Digits, Least: 18, Most: 18, Enabled: true,
			Prefixes: []string{"10", "11", "12", "13", "14", "15", "160"}},
		{Scheme: Alipay, Name: "Alipay", Form: Digits, Least: 16, Most: 24, Enabled: true,
			Prefixes: []string{"25", "26", "27", "28", "29", "30"}},
		{Scheme: AlipayFace, Name: "Alipay", Form: Alphanumeric, Prefixes: []string{"fp"}, Least: 35, Most: 35, Enabled: true},
		{Scheme: UnionPay, Name: "UnionPay", Form: Digits, Prefixes: []string{"62"}, Least: 19, Most: 19, Enabled: true},
		{Scheme: MOTTransit, Name: "a transit card", Form: MOTLayout, Enabled: true},
		{Scheme: UnionPayTransit, Name: "a UnionPay transit card", Form: UnionPayLayout, Enabled: true},
		{Scheme: WeBank, Name: "WeBank", Form: Digits, Prefixes: []string{"5678"}, Least: 19, Most: 19},
		{Scheme: Lakala, Name: "Lakala", Form: Digits, Prefixes: []string{"810", "820", "812", "822"}, Least: 19, Most: 19},
		{Scheme: JD, Name: "JD Pay", Form: Digits, Prefixes: []string{"18"}, Least: 18, Most: 18},
		{Scheme: QQ, Name: "QQ Wallet", Form: Digits, Prefixes: []string{"91"}, Least: 18, Most: 18},
		{Scheme: BestPay, Name: "BestPay", Form: Digits, Prefixes: []string{"51"}, Least: 18, Most: 18},
		{Scheme: ECNY, Name: "e-CNY", Form: Digits, Prefixes: []string{"01"}, Least: 19, Most: 19},
	}}
}
