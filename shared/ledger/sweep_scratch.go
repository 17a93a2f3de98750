package ledger

import (
	"context"
	"fmt"
	"slices"
)

// segments deletes those of periods that take no more usage. A fold that reads
// one begins again with the parts.
func (s *sweep) segments(ctx context.Context) error {
	done := map[string]bool{} // by period: whether it takes no more
	for range sweepPages {
		page, err := s.ledger.buckets.Work.List(ctx, segmentsPrefix, s.head.Segments, sweepPage)
		if err != nil {
			return fmt.Errorf("listing segments: %w", err)
		}
		for _, info := range page {
			key, err := periodOfScratch(segmentsPrefix, info.Name)
			if err != nil {
				return err
			}
			ended, ok := done[key.String()]
			if !ok {
				p, err := s.ledger.Period(ctx, key)
				if err != nil {
					return err
				}
				ended = !p.State.TakesUsage()
				done[key.String()] = ended
			}
			if !ended {
				continue
			}
			if err := s.ledger.buckets.Work.Delete(ctx, info.Name, info.Generation); err != nil {
				return fmt.Errorf("deleting a segment: %w", err)
			}
		}
		if len(page) < sweepPage {
			s.head.Segments = ""
			return nil
		}
		s.head.Segments = page[len(page)-1].Name
	}
	return nil
}

// checkpointsKept is how many checkpoints of an open period stay: the newest
// that folds can still go on from. The others serve where a file is late.
const checkpointsKept = 3

// checkpoints deletes those of periods that take no more usage, and of others
// those that no fold goes on from. A fold that reads one begins again.
func (s *sweep) checkpoints(ctx context.Context) error {
	for range sweepPages {
		page, err := s.ledger.buckets.Work.List(ctx, checkpointsPrefix, s.head.Checkpoints, 1)
		if err != nil {
			return fmt.Errorf("listing checkpoints: %w", err)
		}
		if len(page) == 0 {
			s.head.Checkpoints = ""
			return nil
		}
		key, err := periodOfScratch(checkpointsPrefix, page[0].Name)
		if err != nil {
			return err
		}
		if err := s.checkpointsOf(ctx, key); err != nil {
			return fmt.Errorf("checkpoints of %s: %w", key, err)
		}
		s.head.Checkpoints = checkpointPrefix(key) + "~" // behind all of the period
	}
	return nil
}

func (s *sweep) checkpointsOf(ctx context.Context, key Key) error {
	found, err := s.ledger.checkpoints(ctx, key) // before the inputs are read: what they do not make now is old
	if err != nil {
		return err
	}
	p, err := s.ledger.Period(ctx, key)
	if err != nil {
		return err
	}
	var in inputs
	if p.State.TakesUsage() {
		if in, err = s.ledger.inputsNow(ctx, key, allEntries); err != nil {
			return err
		}
	}
	kept := 0
	for _, info := range slices.Backward(found) {
		if p.State.TakesUsage() && kept < checkpointsKept {
			fits, err := fitting(in, info)
			if err != nil {
				return err
			}
			if fits {
				kept++
				continue
			}
		}
		if err := s.ledger.buckets.Work.Delete(ctx, info.Name, info.Generation); err != nil {
			return fmt.Errorf("deleting a checkpoint: %w", err)
		}
	}
	return nil
}
