package payload

import "strings"

// The schemes of this file are opaque links: the platform that issued one knows amount and order, the text does not. They are
// shown unchanged until the platform says that they have expired.

func weChatPay() Scheme { return link("wechat_pay", "WeChat Pay", "weixin://") }
func aliPay() Scheme    { return link("alipay", "Alipay", "https://qr.alipay.com/") }
func unionPayURL() Scheme {
	return link("unionpay_qr", "UnionPay QR (China)", "https://qr.95516.com/")
}

func link(name, title, prefix string) Scheme {
	return Scheme{Name: name, Title: title, Source: Platform, Currencies: currencies("CNY"),
		claims: func(text string) bool { return startsFold(text, prefix) && len(text) > len(prefix) },
		read: func(text string, s *Summary) error {
			s.Initiation = Dynamic
			s.part("url", text)
			return nil
		}}
}

// startsFold compares without case, as schemes and hosts of links are.
func startsFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}
