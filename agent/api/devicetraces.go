package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/trace"
	"github.com/tillproof/tillproof/pos"
)

// DeviceTrace is what went over a device's wire while a technician wanted to see it. Card data is masked.
type DeviceTrace struct {
	Device pos.DeviceName `json:"device"`
	On     bool           `json:"on"`
	EndsAt string         `json:"ends_at,omitempty" doc:"When the trace ends by itself, or has ended; absent when there was none since the till was started"`
	Items  []TraceLine    `json:"items" doc:"Behind ?after=, the oldest first; at most 500"`
	Gone   uint64         `json:"gone" doc:"Lines behind ?after= that there was no room for"`
	Held   map[string]int `json:"held" doc:"Bytes that are no whole frame yet, by direction"`
}

// TraceLine is one frame, control byte or stretch of bytes, or a note such as of a wire that was opened.
type TraceLine struct {
	N       uint64           `json:"n" doc:"Counts up by one"`
	At      string           `json:"at"`
	From    string           `json:"from,omitempty" enum:"ecr,device" doc:"Who sent it"`
	Note    string           `json:"note,omitempty"`
	Decoded *drivers.Decoded `json:"decoded,omitempty" doc:"As of tillproof decode"`
}

// mostTraceLines is how many lines one answer has.
const mostTraceLines = 500

type traceInput struct {
	Name pos.DeviceName `path:"name" maxLength:"64"`
	Body struct {
		Seconds int `json:"seconds" minimum:"0" maximum:"900" doc:"How long the trace runs, or goes on; 0 ends it"`
	}
}

type traceQuery struct {
	Name  pos.DeviceName `path:"name" maxLength:"64"`
	After uint64         `query:"after" doc:"The last line that is known already"`
}

type traceOutput struct{ Body DeviceTrace }

func (s *server) registerTraces(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "start-trace", Method: http.MethodPost, Path: "/v1/devices/{name}/trace", DefaultStatus: http.StatusOK,
		Summary: "Record what goes over a device's wire, with card data masked, for at most 900 seconds"}, s.startTrace)
	huma.Register(api, huma.Operation{OperationID: "read-trace", Method: http.MethodGet, Path: "/v1/devices/{name}/trace", Summary: "What was recorded"}, s.readTrace)
}

func (s *server) tap(name pos.DeviceName) (*trace.Tap, error) {
	if tap := s.Traces[name]; tap != nil {
		return tap, nil
	}
	return nil, problemOf(pos.NewError("not_found", pos.Permanent, pos.NoneMoved, fmt.Sprintf("There is no device %s at this till.", name), "The till's status lists its devices."))
}

func (s *server) startTrace(_ context.Context, in *traceInput) (*traceOutput, error) {
	tap, err := s.tap(in.Name)
	if err != nil {
		return nil, err
	}
	if in.Body.Seconds == 0 {
		tap.Stop()
	} else {
		tap.Start(time.Duration(in.Body.Seconds) * time.Second)
	}
	return &traceOutput{deviceTrace(in.Name, tap.Read(0))}, nil
}

func (s *server) readTrace(_ context.Context, in *traceQuery) (*traceOutput, error) {
	tap, err := s.tap(in.Name)
	if err != nil {
		return nil, err
	}
	return &traceOutput{deviceTrace(in.Name, tap.Read(in.After))}, nil
}

func deviceTrace(device pos.DeviceName, t trace.State) DeviceTrace {
	out := DeviceTrace{Device: device, On: t.On, Items: []TraceLine{}, Gone: t.Gone, Held: map[string]int{}}
	if !t.Until.IsZero() {
		out.EndsAt = Timestamp(t.Until.UnixMilli())
	}
	for _, l := range t.Lines[:min(len(t.Lines), mostTraceLines)] {
		line := TraceLine{N: l.N, At: Timestamp(l.At.UnixMilli()), From: l.Direction, Note: l.Note}
		if l.Note == "" {
			line.Decoded = &l.Decoded
		}
		out.Items = append(out.Items, line)
	}
	for direction, n := range t.Held {
		out.Held[direction] = n
	}
	return out
}
