package api

import (
	"context"
	"encoding/hex"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// Couriers carries what the broker would in files. Its errors are those of the engine.
type Couriers interface {
	// Acknowledge takes one signed acknowledgement, verified here. One that is old, or is taken again, changes nothing.
	Acknowledge(message []byte) (Acknowledged, error)
	// Batch makes the batch behind a record of ours, and tells its last one. Only epoch and number of after count; nil is the end of the platform's
	// custody, the zero Head the beginning of the journal. No message: there is nothing more.
	Batch(ctx context.Context, after *record.Head) (message []byte, last record.Head, err error)
}

// Acknowledged is what an acknowledgement has done.
type Acknowledged struct {
	State   string    `json:"state" enum:"ok,held,gap,fork" doc:"What the platform said of the last batch of the epoch"`
	Freed   bool      `json:"freed" doc:"Whether records are acknowledged now that were not before"`
	Epoch   pos.Epoch `json:"epoch"`
	Seq     pos.Seq   `json:"seq" doc:"The platform holds the epoch up to here"`
	Backlog uint64    `json:"backlog" doc:"Records that are not acknowledged yet"`
}

type acknowledgementInput struct {
	Body struct {
		Acknowledgement string `json:"acknowledgement" maxLength:"16384" doc:"The platform's signed message in hex, as it lies in the file of platform import"`
	}
}

type acknowledgedOutput struct{ Body Acknowledged }

type batchInput struct {
	Since string `query:"since" enum:"acknowledged,beginning" default:"acknowledged" doc:"Where to begin, without epoch and seq"`
	Epoch string `query:"epoch" doc:"With seq: the batch behind this record"`
	Seq   uint64 `query:"seq"`
}

// FileBatch is a batch on its way into a file.
type FileBatch struct {
	Till  pos.TillID `json:"till"`
	Batch string     `json:"batch,omitempty" doc:"The message of up/records in hex; absent when there is nothing more"`
	Epoch pos.Epoch  `json:"epoch" doc:"Of the batch's last record"`
	Seq   pos.Seq    `json:"seq" doc:"Of the batch's last record"`
}

type batchOutput struct{ Body FileBatch }

// registerCouriers registers what files need; nothing when the till knows no platform.
func (s *server) registerCouriers(api huma.API) {
	if s.Couriers == nil {
		return
	}
	huma.Register(api, huma.Operation{OperationID: "take-acknowledgement", Method: http.MethodPost, Path: "/v1/sync/acknowledgement", DefaultStatus: http.StatusOK,
		Summary: "Take a signed acknowledgement that a file has brought"}, s.takeAcknowledgement)
	huma.Register(api, huma.Operation{OperationID: "export-batch", Method: http.MethodGet, Path: "/v1/sync/batch",
		Summary: "The next batch of records, for a file that is carried to the platform"}, s.exportBatch)
}

func (s *server) takeAcknowledgement(_ context.Context, in *acknowledgementInput) (*acknowledgedOutput, error) {
	message, err := hex.DecodeString(in.Body.Acknowledgement)
	if err != nil {
		return nil, invalid("The acknowledgement is not hex.")
	}
	out, err := s.Couriers.Acknowledge(message)
	if err != nil {
		return nil, problemOf(err)
	}
	return &acknowledgedOutput{out}, nil
}

func (s *server) exportBatch(ctx context.Context, in *batchInput) (*batchOutput, error) {
	var after *record.Head
	if in.Epoch != "" {
		epoch, err := pos.ParseEpoch(in.Epoch)
		if err != nil {
			return nil, invalid("The epoch is no UUID.")
		}
		after = &record.Head{Epoch: epoch, Seq: pos.Seq(in.Seq)}
	} else if in.Since == "beginning" {
		after = &record.Head{}
	}
	message, last, err := s.Couriers.Batch(ctx, after)
	if err != nil {
		return nil, problemOf(err)
	}
	return &batchOutput{FileBatch{Till: s.Till, Batch: hex.EncodeToString(message), Epoch: last.Epoch, Seq: last.Seq}}, nil
}
