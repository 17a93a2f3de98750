package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"syscall"

	"github.com/tollbook/tollbook/emulator/local"
)

// maxAnswer bounds what is read of the local cloud's answer, in bytes.
const maxAnswer = 256 << 20

// errNotUp: no installation is up on a folder.
var errNotUp = errors.New("no installation is up")

// ask asks the local cloud of a folder for something, and waits until it is
// done, however long it takes. errNotUp is refused: it tells how to start one.
func ask(ctx context.Context, data, method, path string, body io.Reader) (answer []byte, err error) {
	address, err := local.ReadAddress(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, refuse("%w on %s: start it with up --data %s", errNotUp, data, data)
	}
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, address.URL+path, body)
	if err != nil {
		return nil, fmt.Errorf("asking the installation on %s: %w", data, err)
	}
	r.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: &http.Transport{}} // no proxy: it is on this machine
	response, err := client.Do(r)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil, refuse("%w on %s any more, process %d was the last: start it with up --data %s", errNotUp, data, address.PID, data)
	}
	if err != nil {
		return nil, fmt.Errorf("asking the installation on %s: %w", data, err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("asking the installation on %s: %w", data, err)
	}
	switch response.StatusCode {
	case http.StatusOK:
		return answer, nil
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return nil, refuse("%s", strings.TrimSpace(string(answer)))
	}
	return nil, fmt.Errorf("asking the installation on %s: %s: %s", data, response.Status, strings.TrimSpace(string(answer)))
}
