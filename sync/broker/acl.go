package broker

import "strings"

// PlatformPrefix begins the client ids, and is the user name without its hyphen, of the platform's own connections.
const PlatformPrefix = "platform-"

// PlatformUser is the user name of the platform's own connections.
const PlatformUser = "platform"

// ACL says whether a client may write to a topic, or read what a filter (with wildcards) asks for. User may be "".
type ACL func(client, user, topic string, write bool) bool

// Everyone is the ACL of a broker without rules.
func Everyone(_, _, _ string, _ bool) bool { return true }

// OwnTopics lets a till write its own up/ and read its own down/ topics, whatever the merchant and the partition, and the platform
// read every up/ and write every down/. It knows a till by its user name or, without one, its client id; who that really is must
// be proven below MQTT, by the certificate of mutual TLS. Records are signed in any case: these rules keep tills from disturbing
// each other.
func OwnTopics(client, user, topic string, write bool) bool {
	platform := strings.HasPrefix(client, PlatformPrefix)
	level := strings.Split(topic, "/") // tp v1 merchant partition till direction kind
	if len(level) < 6 || level[0] != "tp" || level[1] != "v1" {
		return false
	}
	if !platform && level[4] != identity(client, user) {
		return false
	}
	if platform == write {
		return level[5] == "down"
	}
	return level[5] == "up"
}

func identity(client, user string) string {
	if user != "" {
		return user
	}
	return client
}

// MosquittoACL is the text of an acl_file for Mosquitto with the rules of [OwnTopics]. The user name of a till is its id, with
// use_identity_as_username the common name of its certificate; the platform's is "platform".
func MosquittoACL() string {
	return `# Access rules for Mosquitto (acl_file). A till's user name is its id: set use_identity_as_username true on a listener with
# require_certificate true, so that the certificate says who it is.

# A till writes its own up/ and reads its own down/ topics.
pattern write tp/v1/+/+/%u/up/#
pattern read tp/v1/+/+/%u/down/#

# The platform reads what every till sends, and writes to every till.
user ` + PlatformUser + `
topic read tp/v1/+/+/+/up/#
topic write tp/v1/+/+/+/down/#
`
}
