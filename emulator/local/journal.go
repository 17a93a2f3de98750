package local

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// journal remembers what was delivered for good, in a file of checksummed
// lines:
//
//	CRC seen KEY INSTANT       when an object that is not done was first seen
//	CRC done KEY               an object, by a function
//	CRC ran FUNCTION INSTANT   the last instant of a function's schedule
//
// Nothing is synced: a process that is killed loses nothing that was written,
// and what a power failure takes is delivered again. It is safe for concurrent
// use.
type journal struct {
	mu   sync.Mutex
	file *os.File
	torn bool // the last write may have left a part of a line
	done map[key]struct{}
	seen map[key]time.Time // of what is not done
	ran  map[string]time.Time
}

// key names the delivery of one generation of an object to one function. It is
// a hash: names are long, and may hold what a log must not.
type key [16]byte

func keyOf(function, bucket, name, generation string) key {
	h := sha256.New()
	for _, part := range []string{function, bucket, name, generation} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return key(h.Sum(nil)[:len(key{})])
}

const (
	wordSeen = "seen"
	wordDone = "done"
	wordRan  = "ran"

	// maxLine bounds a line of the journal in bytes: nothing longer is written.
	maxLine = 1 << 10
)

// openJournal reads the journal at path, leaving out the lines that were torn
// or spoilt, and writes it anew without what is superseded. It returns the
// number of lines left out.
func openJournal(path string) (j *journal, spoilt int, err error) {
	j = &journal{done: map[key]struct{}{}, seen: map[key]time.Time{}, ran: map[string]time.Time{}}
	if spoilt, err = j.load(path); err != nil {
		return nil, 0, fmt.Errorf("reading the journal: %w", err)
	}
	if err := replaceFile(path, j.compact); err != nil {
		return nil, 0, fmt.Errorf("writing the journal anew: %w", err)
	}
	if j.file, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return nil, 0, fmt.Errorf("opening the journal: %w", err)
	}
	return j, spoilt, nil
}

func (j *journal) load(path string) (spoilt int, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := bufio.NewReaderSize(f, maxLine)
	for {
		line, long, err := readLine(r)
		if (long || len(line) > 0) && !j.take(line) {
			spoilt++
		}
		if errors.Is(err, io.EOF) {
			return spoilt, nil
		}
		if err != nil {
			return spoilt, err
		}
	}
}

// readLine returns a line without its end; of one that is too long, nothing.
func readLine(r *bufio.Reader) (line []byte, long bool, err error) {
	for {
		line, err = r.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
		long = true
	}
	if long {
		return nil, true, err
	}
	return bytes.TrimSuffix(line, []byte("\n")), false, err
}

// take adds what a line says; false: the line is not as it was written.
func (j *journal) take(line []byte) bool {
	sum, text, ok := strings.Cut(string(line), " ")
	if !ok || sum != checksum(text) {
		return false
	}
	fields := strings.Split(text, " ")
	switch {
	case len(fields) == 3 && fields[0] == wordSeen:
		k, ok := parseKey(fields[1])
		at, err := time.Parse(time.RFC3339Nano, fields[2])
		if _, done := j.done[k]; ok && err == nil && !done {
			j.seen[k] = at
		}
		return ok && err == nil
	case len(fields) == 2 && fields[0] == wordDone:
		k, ok := parseKey(fields[1])
		if ok {
			j.done[k] = struct{}{}
			delete(j.seen, k)
		}
		return ok
	case len(fields) == 3 && fields[0] == wordRan:
		at, err := time.Parse(time.RFC3339Nano, fields[2])
		if err == nil {
			j.ran[fields[1]] = at
		}
		return err == nil
	}
	return false
}

func parseKey(text string) (k key, ok bool) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(k) {
		return k, false
	}
	return key(b), true
}

func checksum(text string) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text))) }

func appendLine(dst []byte, fields ...string) []byte {
	text := strings.Join(fields, " ")
	return append(append(append(append(dst, checksum(text)...), ' '), text...), '\n')
}

func instant(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// compact writes what is known, each thing once.
func (j *journal) compact(w io.Writer) error {
	out := bufio.NewWriter(w)
	var line []byte
	put := func(fields ...string) error {
		line = appendLine(line[:0], fields...)
		_, err := out.Write(line)
		return err
	}
	for k := range j.done {
		if err := put(wordDone, hex.EncodeToString(k[:])); err != nil {
			return err
		}
	}
	for k, at := range j.seen {
		if err := put(wordSeen, hex.EncodeToString(k[:]), instant(at)); err != nil {
			return err
		}
	}
	for function, at := range j.ran {
		if err := put(wordRan, function, instant(at)); err != nil {
			return err
		}
	}
	return out.Flush()
}

// write appends a line. The caller holds the lock.
func (j *journal) write(fields ...string) error {
	var line []byte
	if j.torn {
		line = append(line, '\n')
	}
	_, err := j.file.Write(appendLine(line, fields...))
	j.torn = err != nil
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// isDone reports whether a delivery was noted as done.
func (j *journal) isDone(k key) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, done := j.done[k]
	return done
}

// firstSeen returns when an object came in: now, if it was not seen before. The
// instant outlives the process, so that an event that is sent again after a
// crash is the same event.
func (j *journal) firstSeen(k key, now time.Time) (time.Time, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if at, ok := j.seen[k]; ok {
		return at, nil
	}
	j.seen[k] = now
	return now, j.write(wordSeen, hex.EncodeToString(k[:]), instant(now))
}

// noteDone notes a delivery. It counts as done in this process even when the
// note cannot be written.
func (j *journal) noteDone(k key) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done[k] = struct{}{}
	delete(j.seen, k)
	return j.write(wordDone, hex.EncodeToString(k[:]))
}

// lastRan returns the last instant that a function's schedule was delivered
// for; zero: none.
func (j *journal) lastRan(function string) time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.ran[function]
}

// noteRan notes the delivery of a schedule's instant, and with it of all before.
func (j *journal) noteRan(function string, at time.Time) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ran[function] = at
	return j.write(wordRan, function, instant(at))
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.file.Close(); err != nil {
		return fmt.Errorf("closing the journal: %w", err)
	}
	return nil
}

// tempPrefix begins the names of files that are being written.
const tempPrefix = ".tollbook-tmp-"

// replaceFile writes a file whole or not at all, and for good.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// clearTemps removes what a killed process was writing in a folder.
func clearTemps(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !strings.HasPrefix(e.Name(), tempPrefix) })
	for _, e := range entries {
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
