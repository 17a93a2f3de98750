// Package simulation runs the product's pipeline in process, one task at a
// time, on stores that hand control to a scheduler at every call: a seed picks
// who goes on and which calls fail, before their effect, after it, or with an
// effect that nobody can tell. Schedules sweep, fold and close; persons mend
// feeds, have files read again, retry, waive, withdraw and reopen. What was
// issued and what is pending must then add up to what the oracle makes of the
// final records, to the last digit. Some worlds know numbers and trunks that
// change hands, charges beside who pays, call types, cards for some usage only
// and fallbacks; the others stay cheap.
//
// A seed replays exactly:
//
//	SEED=17 go test -run 'TestSeeds$' -v ./tests/simulation
//	SEEDS=10000 go test -run 'TestSeeds$' ./tests/simulation
package simulation
