package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/space"
)

// Sync is the way to the platform, as the API sees it.
type Sync interface {
	Mode() Mode
	Backlog() Backlog
	Flush() // send now
}

// Mode says how the platform can be reached, and since when.
type Mode struct {
	Name  string // online, degraded, offline
	Since time.Time
}

// Backlog is what the platform has not signed for.
type Backlog struct {
	Records  uint64                     `json:"records"`
	Payments int                        `json:"payments"`
	Amounts  map[pos.Currency]pos.Minor `json:"amounts" doc:"Money taken in these payments, by currency"`
	OldestAt string                     `json:"oldest_at,omitempty"`
}

// Status is the whole state of a till, for the screen and the shop's software.
type Status struct {
	Till        pos.TillID      `json:"till"`
	Version     string          `json:"version"`
	Mode        string          `json:"mode" enum:"online,degraded,offline"`
	ModeSinceAt string          `json:"mode_since_at"`
	Epoch       pos.Epoch       `json:"epoch"`
	Seq         pos.Seq         `json:"seq"`
	AckedSeq    pos.Seq         `json:"acked_seq"`
	Backlog     Backlog         `json:"backlog"`
	Disk        Disk            `json:"disk"`
	Clock       Clock           `json:"clock"`
	Policy      Policy          `json:"policy"`
	Devices     []Device        `json:"devices"`
	Vault       *Vault          `json:"vault,omitempty" doc:"Of tills with a card reader: card data of offline approvals"`
	Unknown     []pos.PaymentID `json:"unknown"`
	Shop        Shop            `json:"shop"`
	Shift       *ShiftChange    `json:"shift,omitempty" doc:"The open shift"`
}

// Disk tells the room for records.
type Disk struct {
	FreeBytes uint64            `json:"free_bytes"`
	State     journal.DiskState `json:"state" enum:"ok,low,stopped"`
}

// Clock tells whether the till's clock is believed.
type Clock struct {
	OffsetMS *int64 `json:"offset_ms,omitempty" doc:"Off the platform's time as it was proven last, milliseconds"`
	Doubted  bool   `json:"doubted"`
}

// Policy is the offline policy in force: none until one is configured.
type Policy struct {
	Version  uint64     `json:"version"`
	Enabled  bool       `json:"enabled"`
	Headroom []Headroom `json:"headroom"`
}

// Headroom is what an offline rule still allows.
type Headroom struct {
	Rule  string `json:"rule" enum:"amount,total,count,age,away"`
	Limit int64  `json:"limit"`
	Used  int64  `json:"used"`
}

// Device is the state of one device.
type Device struct {
	Name   pos.DeviceName     `json:"name"`
	Driver string             `json:"driver"`
	Kind   string             `json:"kind"`
	State  engine.DeviceState `json:"state" enum:"ready,busy,opening,failed,absent"`
	Text   string             `json:"text"`
	Code   pos.ErrorCode      `json:"code,omitempty" doc:"Why it is failed or absent; wrong_protocol: it speaks another protocol than its driver"`
	Lacks  []drivers.Function `json:"lacks" doc:"What a card terminal cannot do: void, refund, settlement, totals, reprint, cancel, tell_abort, recover_sale, recover_void, recover_refund, reservation"`
	Chores []drivers.Chore    `json:"chores" doc:"What a technician can have a card terminal do; empty until it was opened"`
}

// same says whether nothing about a device has changed.
func (d Device) same(o Device) bool {
	return d.Name == o.Name && d.Driver == o.Driver && d.Kind == o.Kind && d.State == o.State && d.Text == o.Text && d.Code == o.Code &&
		slices.Equal(d.Lacks, o.Lacks) && slices.Equal(d.Chores, o.Chores)
}

type statusOutput struct{ Body Status }

type healthOutput struct {
	Body struct {
		OK bool `json:"ok"`
	}
}

type syncOutput struct {
	Body struct {
		Backlog Backlog `json:"backlog"`
	}
}

func (s *server) registerStatus(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "get-status", Method: http.MethodGet, Path: "/v1/status", Summary: "The state of the till"}, s.status)
	huma.Register(api, huma.Operation{OperationID: "sync-now", Method: http.MethodPost, Path: "/v1/sync", DefaultStatus: http.StatusOK,
		Summary: "Send what the platform does not hold yet, now"}, s.sync)
	huma.Register(api, huma.Operation{OperationID: "health", Method: http.MethodGet, Path: "/healthz", Security: forEverybody(),
		Summary: "200 only when a cash sale would be accepted"}, s.health)
}

// health is 200 only when a cash sale would be accepted.
func (s *server) health(context.Context, *struct{}) (*healthOutput, error) {
	if err := s.Journal.MaySell(); err != nil {
		return nil, problemOf(err)
	}
	out := &healthOutput{}
	out.Body.OK = true
	return out, nil
}

func (s *server) status(context.Context, *struct{}) (*statusOutput, error) {
	out, err := s.currentStatus()
	if err != nil {
		return nil, problemOf(err)
	}
	return &statusOutput{out}, nil
}

func (s *server) currentStatus() (Status, error) {
	unknown, err := s.Engine.Unknown()
	if err != nil {
		return Status{}, err
	}
	free, err := space.Free(s.Data)
	if err != nil {
		return Status{}, err
	}
	rules, err := s.policy()
	if err != nil {
		return Status{}, err
	}
	head, mode := s.Journal.Head(), s.Sync.Mode()
	return Status{
		Till: s.Till, Version: s.Version, Mode: mode.Name, ModeSinceAt: Timestamp(mode.Since.UnixMilli()), Epoch: head.Epoch, Seq: head.Seq,
		AckedSeq: s.ackedSeq(), Backlog: s.Sync.Backlog(), Disk: Disk{FreeBytes: free, State: s.diskState()},
		Clock: s.clock(), Policy: rules, Devices: s.devices(), Vault: s.vault(), Unknown: unknown, Shop: s.Shop.named(s.provisioned()), Shift: s.openShiftNow(),
	}, nil
}

// clock tells whether the clock is believed, and how far it is off where the platform has proven it.
func (s *server) clock() Clock {
	c := Clock{Doubted: s.Journal.ClockDoubted()}
	if ms, proven := s.Journal.Offset(); proven {
		c.OffsetMS = &ms
	}
	return c
}

// openShiftNow is the open shift, nil when there is none.
func (s *server) openShiftNow() *ShiftChange {
	open := s.Journal.Views().Till().Shift
	if open == nil {
		return nil
	}
	return &ShiftChange{ID: open.Opened.ID, Number: open.Opened.Number, State: "open", Cashier: open.Opened.Cashier, BusinessDate: open.Opened.Date,
		OpenedAt: Timestamp(open.At)}
}

// policy shows the offline policy in force.
func (s *server) policy() (Policy, error) {
	state, err := s.Engine.Policy()
	out := Policy{Version: state.Version, Enabled: state.Version > 0, Headroom: []Headroom{}}
	for _, h := range state.Headroom {
		out.Headroom = append(out.Headroom, Headroom{Rule: string(h.Rule), Limit: h.Limit, Used: h.Used})
	}
	return out, err
}

// ackedSeq is the end of the platform's custody in the current epoch, 0 when it holds nothing of it.
func (s *server) ackedSeq() pos.Seq {
	if acked := s.Journal.Acked(); acked.Epoch == s.Journal.Head().Epoch {
		return acked.Seq
	}
	return 0
}

func (s *server) diskState() journal.DiskState {
	if s.Journal.Stopped() != nil {
		return journal.DiskStopped
	}
	return s.Journal.Disk()
}

func (s *server) devices() []Device {
	list := []Device{}
	for _, d := range s.Engine.Devices() {
		info := s.Drivers[d.Name]
		list = append(list, Device{Name: d.Name, Driver: info.Driver, Kind: info.Kind, State: d.State, Text: d.Text, Code: d.Code,
			Lacks: append([]drivers.Function{}, info.Lacks...), Chores: append([]drivers.Chore{}, d.Chores...)})
	}
	return list
}

func (s *server) sync(context.Context, *struct{}) (*syncOutput, error) {
	s.Sync.Flush()
	out := &syncOutput{}
	out.Body.Backlog = s.Sync.Backlog()
	return out, nil
}
