package broker

import (
	"bytes"
	"strings"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// rules asks the ACL.
type rules struct {
	mochi.HookBase
	acl       ACL
	certified bool // clients are who their certificates say
	door      *door
}

// ID implements mochi.Hook.
func (*rules) ID() string { return "acl" }

// Provides implements mochi.Hook.
func (*rules) Provides(b byte) bool {
	return bytes.Contains([]byte{mochi.OnConnectAuthenticate, mochi.OnACLCheck}, []byte{b})
}

// OnConnectAuthenticate implements mochi.Hook. Client ids that a broker could read as wildcards are refused, and so is a last will on a topic that the
// client may not write to: the library publishes a will without asking again.
func (r *rules) OnConnectAuthenticate(c *mochi.Client, pk packets.Packet) bool {
	user := string(pk.Connect.Username)
	if c.ID == "" || strings.ContainsAny(c.ID, "+#/") || r.certified && !agree(nameOf(c.Net.Conn), c.ID, user) {
		return false
	}
	if pk.Connect.WillFlag && !r.acl(c.ID, user, pk.Connect.WillTopic, true) {
		return false
	}
	return r.door.claim(c.ID, c.Net.Conn)
}

// OnACLCheck implements mochi.Hook.
func (r *rules) OnACLCheck(c *mochi.Client, topic string, write bool) bool {
	return r.acl(c.ID, string(c.Properties.Username), topic, write)
}

// agree says whether client id and user name, which anybody can claim, are those of the certificate's common name: a till's are its id, the platform's
// user is [PlatformUser] and its client ids begin with [PlatformPrefix].
func agree(name, client, user string) bool {
	if name == PlatformUser {
		return strings.HasPrefix(client, PlatformPrefix) && (user == "" || user == PlatformUser)
	}
	return name != "" && !strings.HasPrefix(name, PlatformPrefix) && client == name && (user == "" || user == name)
}
