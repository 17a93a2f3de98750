// Package firestoretest runs Google's Firestore emulator for tests.
package firestoretest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	jar       = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
	mainClass = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"

	// startTries dials, startPause apart, are how long a start may take.
	startTries = 600
	startPause = 100 * time.Millisecond
	dialWait   = time.Second
)

// underShell runs a command until the standard input ends, which it does
// however the test process comes to its end: no emulator outlives its tests.
const underShell = `"$@" & cat >/dev/null; kill -9 $!; wait`

// Emulator is an emulator that starts when it is first asked for. TestMain
// calls Stop behind m.Run.
type Emulator struct {
	once    sync.Once
	cmd     *exec.Cmd
	stdin   io.Closer
	address string
	missing error // what is not installed
	err     error // why it did not start
}

// Address returns the host:port of the emulator. If it is not installed, the
// test is skipped, or fails where CI is "true".
func (e *Emulator) Address(t testing.TB) string {
	t.Helper()
	e.once.Do(e.start)
	if e.missing != nil && os.Getenv("CI") != "true" {
		t.Skipf("no Firestore emulator: %v (install the Google Cloud CLI with its component cloud-firestore-emulator, and Java)", e.missing)
	}
	if err := errors.Join(e.missing, e.err); err != nil {
		t.Fatalf("Firestore emulator: %v", err)
	}
	return e.address
}

// Stop ends the emulator, if it was started.
func (e *Emulator) Stop() error {
	if e.cmd == nil {
		return nil
	}
	// The shell has killed what it runs, whatever it says of that.
	err := e.stdin.Close()
	_ = e.cmd.Wait()
	return err
}

// find returns the emulator's program and the Java to run it.
func find() (java, program string, err error) {
	gcloud, err := exec.LookPath("gcloud")
	if err != nil {
		return "", "", err
	}
	root, err := exec.Command(gcloud, "info", "--format=value(installation.sdk_root)").Output()
	if err != nil {
		return "", "", fmt.Errorf("gcloud info: %w", err)
	}
	program = filepath.Join(strings.TrimSpace(string(root)), filepath.FromSlash(jar))
	if _, err := os.Stat(program); err != nil {
		return "", "", err
	}
	java, err = exec.LookPath("java")
	return java, program, err
}

func (e *Emulator) start() {
	java, program, err := find()
	if err != nil {
		e.missing = err
		return
	}
	e.err = e.run(java, program)
}

func (e *Emulator) run(java, program string) error {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	e.address = free.Addr().String()
	_, port, err := net.SplitHostPort(e.address)
	if err := errors.Join(err, free.Close()); err != nil {
		return err
	}
	var output bytes.Buffer
	cmd := exec.Command("sh", "-c", underShell, "sh", java, "-cp", program, mainClass, "--host=127.0.0.1", "--port="+port)
	cmd.Stdout, cmd.Stderr = &output, &output
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	e.cmd, e.stdin = cmd, stdin
	for range startTries {
		conn, err := net.DialTimeout("tcp", e.address, dialWait)
		if err == nil {
			return conn.Close()
		}
		time.Sleep(startPause)
	}
	err = fmt.Errorf("nothing answers at %s", e.address)
	stopped := e.Stop()
	e.cmd = nil
	return errors.Join(err, stopped, fmt.Errorf("it wrote: %s", output.Bytes()))
}
