package wire

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/pos"
)

// Partitions is the number of parts that the tills of a platform are spread over.
const Partitions = 64

// topicRoot begins every topic; the number is the version of the messages.
const topicRoot = "tp/v1/"

// Channel is the end of a topic: the direction, seen from the till, and the kind of message.
type Channel string

// The channels of a till.
const (
	UpRecords  Channel = "up/records"  // batches of journal records
	UpCall     Channel = "up/call"     // questions that the platform answers with replies
	UpBirth    Channel = "up/birth"    // the till has come or gone (last will)
	DownAck    Channel = "down/ack"    // the platform's signed custody
	DownReply  Channel = "down/reply"  // answers to calls
	DownPolicy Channel = "down/policy" // offline rules
	DownKeys   Channel = "down/keys"   // the platform's keys
	DownConfig Channel = "down/config" // what the platform configures the till to
	DownEvent  Channel = "down/event"  // hints
)

// Known says whether the channel is one of the above.
func (c Channel) Known() bool {
	switch c {
	case UpRecords, UpCall, UpBirth, DownAck, DownReply, DownPolicy, DownKeys, DownConfig, DownEvent:
		return true
	}
	return false
}

// Partition is the part that a till belongs to: the first byte of SHA-256(till id) mod 64. It spreads load and proves nothing.
func Partition(till pos.TillID) int {
	sum := sha256.Sum256([]byte(till))
	return int(sum[0]) % Partitions
}

// Topic is the address of one till: tp/v1/<merchant>/p<00-63>/<till>/<channel>. Merchant and partition only route; who the till is
// says its signature.
type Topic struct {
	Merchant pos.MerchantID
	Till     pos.TillID
}

// On is the text of the till's topic for a channel.
func (t Topic) On(c Channel) string {
	return fmt.Sprintf("%s%s/p%02d/%s/%s", topicRoot, t.Merchant, Partition(t.Till), t.Till, c)
}

// Filter is the MQTT subscription for one channel of all tills.
func Filter(c Channel) string { return topicRoot + "+/+/+/" + string(c) }

// FilterOf is the MQTT subscription for one channel of the tills of one partition.
func FilterOf(c Channel, partition int) string {
	return fmt.Sprintf("%s+/p%02d/+/%s", topicRoot, partition, c)
}

// ParseTopic reads the text of a topic. It refuses wildcards, unknown channels and a partition that is not the till's.
func ParseTopic(s string) (Topic, Channel, error) {
	rest, ok := strings.CutPrefix(s, topicRoot)
	parts := strings.SplitN(rest, "/", 4)
	if !ok || len(parts) != 4 {
		return Topic{}, "", fmt.Errorf("%q is not a topic of a till", s)
	}
	merchant, err := pos.ParseMerchantID(parts[0])
	if err != nil {
		return Topic{}, "", fmt.Errorf("topic: %w", err)
	}
	till, err := pos.ParseTillID(parts[2])
	if err != nil {
		return Topic{}, "", fmt.Errorf("topic: %w", err)
	}
	t, channel := Topic{merchant, till}, Channel(parts[3])
	if !channel.Known() || t.On(channel) != s {
		return Topic{}, "", fmt.Errorf("%q: unknown channel, or not the till's partition", s)
	}
	return t, channel, nil
}
