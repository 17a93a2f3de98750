package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/tollbook/tollbook/shared/ledger/extsort"
)

// jobPrefix returns where the files lie of a job that was asked for at an
// instant: beside those of exports, deleted ExportsKept later.
func jobPrefix(job string, at time.Time) string {
	return exportsPrefix + at.UTC().Format(exportDay) + "/" + job + "/"
}

// StoreJobFile writes a file of a job to the work bucket, for those to fetch who
// asked for it. write is called twice, to write the same: a file lies behind its
// hash, and a repeat finds what is there.
func (l *Ledger) StoreJobFile(ctx context.Context, job string, at time.Time, name string, write func(io.Writer) error) (Ref, error) {
	hash := sha256.New()
	if err := write(hash); err != nil {
		return Ref{}, fmt.Errorf("writing %s: %w", name, err)
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(write(w)) }()
	ref, err := createNamed(ctx, l.buckets.Work, jobPrefix(job, at)+hex.EncodeToString(hash.Sum(nil)[:8])+"/"+name, r)
	_ = r.Close() // ends the writer where nobody read it; it never fails
	return ref, err
}

// JobSorter returns a sorter that holds about so many bytes in memory. What it
// writes besides lies with the files of a job, so that what a crash leaves of it
// is deleted with these.
func (l *Ledger) JobSorter(job string, at time.Time, memory int) *extsort.Sorter {
	return extsort.New(l.buckets.Work, jobPrefix(job, at)+"sorted", memory)
}
