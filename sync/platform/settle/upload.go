package settle

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/answer"
)

// The bounds of an upload.
const (
	maxMapping = 64 << 10
	maxUpload  = 1 << 30
)

// serveImport takes a statement as multipart/form-data: first the part "mapping" (YAML), then "file". The query may have acquirer and replace=true. The file
// goes through a temporary file, so that memory stays bounded and nothing is imported of an upload that was cut short.
func (s *Source) serveImport(w http.ResponseWriter, r *http.Request, who access.Person) {
	what, err := upload(http.MaxBytesReader(w, r.Body, maxUpload+maxMapping), r)
	if err != nil {
		refuse(w, err)
		return
	}
	file := what.File.(*os.File)
	defer func() {
		file.Close()
		_ = os.Remove(file.Name()) // the system's own cleaning takes what stays
	}()
	what.By = who.Name
	sum, err := s.Statements.Import(r.Context(), *what)
	if err != nil {
		refuse(w, err)
		return
	}
	status := http.StatusCreated
	if sum.Again {
		status = http.StatusOK
	}
	answer.JSON(w, status, sum)
}

// errUpload says that a request is no upload.
func errUpload(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return pos.NewError("statement_too_large", pos.Permanent, pos.NoneMoved, "The upload is larger than 1 GiB; nothing was imported.",
			"Cut the statement, or import it by the command on the platform's machine.").Because(err)
	}
	return pos.NewError("request_invalid", pos.Permanent, pos.NoneMoved, "The request is no statement; nothing was imported.",
		"Send multipart/form-data with the part mapping (YAML) and then the part file.").Because(err)
}

// upload reads the parts of a request. The file of a good one is the caller's to remove.
func upload(body io.ReadCloser, r *http.Request) (*Import, error) {
	r.Body = body
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, errUpload(err)
	}
	first, err := parts.NextPart()
	if err != nil || first.FormName() != "mapping" {
		return nil, errUpload(errors.Join(err, errors.New("the first part is not mapping")))
	}
	text, err := io.ReadAll(io.LimitReader(first, maxMapping))
	if err != nil {
		return nil, errUpload(err)
	}
	query := r.URL.Query()
	mapping, err := ReadMapping(text, query.Get("acquirer"))
	if err != nil {
		return nil, err
	}
	second, err := parts.NextPart()
	if err != nil || second.FormName() != "file" {
		return nil, errUpload(errors.Join(err, errors.New("the second part is not file")))
	}
	file, err := spool(second)
	if err != nil {
		return nil, err
	}
	return &Import{Name: second.FileName(), File: file, Mapping: mapping, Text: text, Replace: query.Get("replace") == "true"}, nil
}

// spool keeps an upload in a temporary file, for its owner alone.
func spool(part *multipart.Part) (*os.File, error) {
	file, err := os.CreateTemp("", "statement-*.csv")
	if err != nil {
		return nil, errUnusable(err)
	}
	if _, err = io.Copy(file, part); err != nil {
		err = errUpload(err)
	} else if _, err = file.Seek(0, io.SeekStart); err == nil {
		return file, nil
	}
	file.Close()
	_ = os.Remove(file.Name()) // the first error is the one to tell
	return nil, err
}
